/*
 * Runs programs without waiting for them: exec checks, and the programs of `notify`.
 *
 * A program is started by a separate thread, in effect by vfork (clone with CLONE_VM and
 * CLONE_VFORK): a fork would copy the page tables of a large daemon, and between a vfork and its
 * exec the caller is blocked for as long as the file system with the program on it takes. The loop
 * must not be blocked like that. The child drops its privileges by direct system calls, which
 * posix_spawn() cannot do.
 *
 * A program runs in its own session, in /, as `user`, with an empty environment and no descriptors
 * unless it is given some, default signal dispositions, the usual limit of descriptors, and
 * NO_NEW_PRIVS. When it ends or is killed, the rest of its process group is killed too. Everything
 * except the start runs in the event loop's thread.
 *
 * Its input is a sealed file in memory, not a pipe: no wait is needed, and there is no signal if
 * the program does not read it.
 */
#ifndef SHUNT_PROCESS_SPAWN_H
#define SHUNT_PROCESS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>

#include "process/child.h"

struct event_base;
struct spawner;
struct spawn;

/* The first line of its output is kept, truncated to 200 bytes. */
#define SPAWN_LINE_MAX 201
#define SPAWN_OUTPUT_MAX (1u << 20) /* after this many bytes its output is closed */

struct spawn_program {
	/*
	 * argv[0] is a path; ends with NULL. One malloc() block that also contains everything it
	 * and `environment` point to.
	 */
	char **argv;
	char **environment; /* ends with NULL; NULL: empty */
	const void *input;  /* copied; NULL: its input is /dev/null */
	size_t input_length;
	bool errors; /* standard error is read as output too; otherwise it goes to /dev/null */
};

struct spawn_end {
	/* NULL if it ran; else the step that failed: "start", "set up", "run". */
	const char *failed;
	int error;  /* errno of that step */
	int signal; /* 0: it exited, with this status: */
	int status;
	bool cut; /* its output was closed */
	char line[SPAWN_LINE_MAX];
};

#define SPAWN_WORDS_MAX 160

/*
 * How it ended, without its output: "exit status 3", "killed by signal 9 (Killed)", "cannot run it:
 * ...". Returns `text`.
 */
const char *spawn_words(const struct spawn_end *end, char text[SPAWN_WORDS_MAX]);

/*
 * Called once for each program, unless spawn_kill() was called before; the spawn is freed
 * afterwards.
 */
typedef void spawn_done(void *arg, const struct spawn_end *end);

/*
 * `max`: number of programs at one time, including those killed that have not ended yet. Returns
 * NULL with errno on failure.
 */
struct spawner *spawner_new(struct event_base *base, unsigned max);

/* Kills all running programs. NULL is allowed. */
void spawner_free(struct spawner *spawner);

/*
 * Starts the program. done() is called later, never before this returns. The block is owned by the
 * spawner from here on. Returns NULL with errno on failure.
 */
struct spawn *spawn_start(struct spawner *spawner, const struct spawn_program *program,
                          const struct spawn_user *user, spawn_done *done, void *arg);

/* The first line of its output, as far as it has been read. */
const char *spawn_line(const struct spawn *spawn);

/*
 * Kills the program and its process group, now or as soon as it has started; done() is not called.
 */
void spawn_kill(struct spawn *spawn);

#endif
