/* The command line of a helper: the same options for each. main() reads it first. */
#ifndef SHUNT_HELPER_SERVE_ARGUMENTS_H
#define SHUNT_HELPER_SERVE_ARGUMENTS_H

struct passwd;

struct arguments {
	const char *config;
	const char *socket;          /* where to listen; NULL: the socket is systemd's */
	const struct passwd *daemon; /* who may ask besides root; getpwnam()'s, and so static */
};

/*
 * `name`: of the program; `usage`: what --help prints. Prints one line and ends the process where there
 * is a mistake: with EX_USAGE of sysexits(3), or with 1 if there is no such user.
 */
struct arguments arguments_read(int argc, char **argv, const char *name, const char *usage);

#endif
