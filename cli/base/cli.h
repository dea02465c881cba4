/* How a command ends: its exit status, its errors, its output. */
#ifndef SHUNT_CLI_BASE_CLI_H
#define SHUNT_CLI_BASE_CLI_H

/* Exit statuses: scripts depend on them; shunt(1) documents them. */
enum {
	CLI_DONE = 0,
	/* status: something is answered by an endpoint other than its primary */
	CLI_ELSEWHERE = 1,
	CLI_NOT_FOUND = 1,    /* resolve: the lookup failed */
	CLI_UNHEALTHY = 2,    /* status: something has no healthy endpoint */
	CLI_UNREACHABLE = 3,  /* the daemon is absent, denies access or is too slow */
	CLI_REFUSED = 4,      /* the daemon refused, or does not manage the name */
	CLI_USAGE = 64,       /* EX_USAGE of sysexits(3) */
	CLI_OUTPUT = 74,      /* EX_IOERR: the output could not be written */
	CLI_RUN_FAILED = 125, /* run: these three as in env(1) */
	CLI_CANNOT_EXECUTE = 126,
	CLI_NO_COMMAND = 127,
};

/* Flushes standard output. Returns `status`; on failure prints an error and returns CLI_OUTPUT. */
int cli_finish(int status);

/*
 * Prints one line on standard error, "shunt: …". Control characters in the arguments are made
 * printable.
 */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, followed by a hint at the command's help. Returns CLI_USAGE. */
int cli_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
