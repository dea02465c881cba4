/*
 * Runs programs without waiting for them: exec checks, and the programs of `notify`.
 *
 * A program is started by a thread of its own, by vfork in effect (clone with CLONE_VM and CLONE_VFORK): a fork would copy the page
 * tables of a large daemon, and between a vfork and its exec the caller stands still, for as long as the file system with
 * the program on it takes. That must not be the loop. The child gives up rights by system calls of its own, which posix_spawn()
 * cannot.
 *
 * A program runs in a session of its own, in /, as `user`, with no environment and no descriptors but those that it is given, the usual
 * signals, the usual limit of descriptors, and NO_NEW_PRIVS. When it ends or is killed, so is what it left in its process group.
 * Everything but the start runs in the event loop's thread.
 *
 * What it is given to read is a sealed file in memory, not a pipe: there is nothing to wait for, and no signal, when it does
 * not read.
 */
#ifndef SHUNT_PROCESS_SPAWN_H
#define SHUNT_PROCESS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct event_base;
struct spawner;
struct spawn;

#define SPAWN_LINE_MAX 201          /* of its output the first line is kept, cut at 200 bytes, */
#define SPAWN_OUTPUT_MAX (1u << 20) /* so many bytes are read, and then its output is closed */

struct spawn_user {
	bool change; /* false: as the daemon */
	uid_t uid;
	gid_t gid;
};

struct spawn_program {
	/* argv[0] is a path; ends with NULL. One block of malloc's with all that it and `environment` point to. */
	char **argv;
	char **environment; /* ends with NULL; NULL: empty */
	const void *input;  /* copied; NULL: it reads /dev/null */
	size_t input_length;
	bool errors; /* what it writes on standard error is output too; else it goes to /dev/null */
};

struct spawn_end {
	const char
	        *failed; /* NULL: it ran; else what could not be done: "start", "set up", "run" */
	int error;       /* then: errno */
	int signal;      /* 0: it exited, with */
	int status;
	bool cut; /* its output was closed */
	char line[SPAWN_LINE_MAX];
};

#define SPAWN_WORDS_MAX 160

/* How it ended, but for what it said: "exit status 3", "killed by signal 9 (Killed)", "cannot run it: ...". Returns `text`. */
const char *spawn_words(const struct spawn_end *end, char text[SPAWN_WORDS_MAX]);

/* Once for each program, unless spawn_kill() came before; the spawn is gone afterwards. */
typedef void spawn_done(void *arg, const struct spawn_end *end);

/* `max`: programs at one time, those included that are killed and not gone. NULL with errno. */
struct spawner *spawner_new(struct event_base *base, unsigned max);

/* Kills what runs. NULL is taken. */
void spawner_free(struct spawner *spawner);

/* Starts it, and soon calls done(), never before this returns. Its block is the spawner's from here on. NULL with errno. */
struct spawn *spawn_start(struct spawner *spawner, const struct spawn_program *program,
                          const struct spawn_user *user, spawn_done *done, void *arg);

/* The first line of its output, as far as it has come. */
const char *spawn_line(const struct spawn *spawn);

/* The program and its process group are killed, or will be as soon as they have started; done() is not called. */
void spawn_kill(struct spawn *spawn);

#endif
