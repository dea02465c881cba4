#include "process/spawn.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "process/child.h"

#define THREAD_STACK_BYTES (65536u + CHILD_STACK_BYTES)
#define LOOK_AGAIN_MS 100u /* polling interval for a program that epoll could not watch */
#define STOP_WAIT_MS 1000u /* longest wait at the end for programs that are being started */
#define CHUNK_BYTES 4096u
#define CHUNKS_A_TURN 16u

LIST_HEAD(spawn_list, spawn);

struct spawner {
	struct event_base *base;
	struct spawn_list all;
	unsigned count, max;
	unsigned starting;   /* number of threads that are starting a program */
	int started[2];      /* a pipe: threads return the spawn through it, as a pointer */
	struct event handed; /* read event on the pipe */
	int null;            /* /dev/null */
	int dumpable;
};

struct spawn {
	LIST_ENTRY(spawn) all;
	struct spawner *spawner;
	spawn_done *done; /* NULL: killed */
	void *arg;
	struct event output;
	struct event ended;
	int out;       /* -1: closed */
	int child_out; /* -1: closed, since the program has started */
	int child_in;  /* -1: /dev/null, or closed, since the program has started */
	size_t length; /* of end.line */
	size_t taken;  /* bytes of output read */
	bool line_over;
	struct child child; /* used by the thread until it returns the spawn */
	struct spawn_end end;
};

/* --- the thread that starts the program ------------------------------------------------------- */

/* Returns the spawn to the loop, whatever became of it. */
static void *start(void *arg)
{
	struct spawn *spawn = arg;
	ssize_t n;

	child_start(&spawn->child);
	/*
	 * When the child, which shared our memory, changed its user, it also changed whether that
	 * memory may be dumped.
	 */
	prctl(PR_SET_DUMPABLE, spawn->spawner->dumpable, 0, 0, 0);
	do
		n = write(spawn->spawner->started[1], &spawn, sizeof(struct spawn *));
	while (n < 0 && errno == EINTR);
	return NULL;
}

static int start_thread(struct spawn *spawn)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	pthread_t thread;
	int error = pthread_attr_init(&attributes);

	if (error)
		return error;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attributes, start, spawn);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

/* --- output ----------------------------------------------------------------------------------- */

static void close_output(struct spawn *spawn)
{
	if (spawn->out < 0)
		return;
	event_del(&spawn->output);
	close(spawn->out);
	spawn->out = -1;
}

static void take(struct spawn *spawn, const char *bytes, size_t count)
{
	spawn->taken += count;
	for (size_t i = 0; i < count && !spawn->line_over; i++) {
		spawn->line_over = bytes[i] == '\n' || bytes[i] == '\r';
		if (!spawn->line_over)
			spawn->end.line[spawn->length++] = bytes[i];
		spawn->line_over |= spawn->length + 1 == sizeof(spawn->end.line);
	}
}

/* Reads at most `chunks` pieces of the available output. */
static void read_output(struct spawn *spawn, unsigned chunks)
{
	char bytes[CHUNK_BYTES];
	ssize_t n = 1;

	while (chunks-- > 0 && n > 0 && spawn->taken < SPAWN_OUTPUT_MAX) {
		n = read(spawn->out, bytes, sizeof(bytes));
		if (n > 0)
			take(spawn, bytes, (size_t)n);
	}
	spawn->end.cut = spawn->taken >= SPAWN_OUTPUT_MAX;
	if (n == 0 || spawn->end.cut || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_output(spawn);
}

static void output_ran(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	read_output(arg, CHUNKS_A_TURN);
}

/* --- the end of a program --------------------------------------------------------------------- */

/* Closes our copies of the child's descriptors. */
static void close_childs(struct spawn *spawn)
{
	if (spawn->child_out >= 0)
		close(spawn->child_out);
	if (spawn->child_in >= 0)
		close(spawn->child_in);
	spawn->child_out = spawn->child_in = -1;
}

static void spawn_free(struct spawn *spawn)
{
	close_output(spawn);
	close_childs(spawn);
	LIST_REMOVE(spawn, all);
	spawn->spawner->count--;
	free(spawn->child.argv);
	free(spawn);
}

static void finish(struct spawn *spawn)
{
	if (spawn->done)
		spawn->done(spawn->arg, &spawn->end);
	spawn_free(spawn);
}

static void look_later(struct spawn *spawn)
{
	timer_try(&spawn->ended, LOOK_AGAIN_MS);
}

/*
 * Until waitid() its process ID cannot be reused, so the rest of its process group can be killed
 * first.
 */
static void ended_ran(evutil_socket_t fd, short what, void *arg)
{
	struct spawn *spawn = arg;
	siginfo_t info = { .si_pid = 0 };

	(void)fd;
	(void)what;
	if (waitid(P_PID, (id_t)spawn->child.pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		log_fatal("a program's end is lost: %s", strerror(errno));
	if (info.si_pid != spawn->child.pid) {
		look_later(spawn);
		return;
	}
	kill(-spawn->child.pid, SIGKILL);
	waitid(P_PID, (id_t)spawn->child.pid, &info, WEXITED);
	close(spawn->child.pidfd);
	if (spawn->out >= 0)
		read_output(spawn, SPAWN_OUTPUT_MAX / CHUNK_BYTES);
	if (info.si_code == CLD_EXITED)
		spawn->end.status = info.si_status;
	else
		spawn->end.signal = info.si_status;
	finish(spawn);
}

static void watch_end(struct spawn *spawn)
{
	struct event_base *base = spawn->spawner->base;

	event_assign(&spawn->ended, base, spawn->child.pidfd, EV_READ, ended_ran, spawn);
	if (event_add(&spawn->ended, NULL) == 0)
		return;
	event_assign(&spawn->ended, base, -1, 0, ended_ran, spawn);
	look_later(spawn);
}

const char *spawn_words(const struct spawn_end *end, char text[SPAWN_WORDS_MAX])
{
	if (end->failed)
		snprintf(text, SPAWN_WORDS_MAX, "cannot %s it: %s", end->failed,
		         strerror(end->error));
	else if (end->signal)
		snprintf(text, SPAWN_WORDS_MAX, "killed by signal %d (%s)%s", end->signal,
		         strsignal(end->signal),
		         end->cut ? ", since its output was closed after 1 MiB" : "");
	else
		snprintf(text, SPAWN_WORDS_MAX, "exit status %d", end->status);
	return text;
}

/* --- for callers ------------------------------------------------------------------------------ */

static void started(struct spawn *spawn)
{
	spawn->spawner->starting--;
	close_childs(spawn);
	spawn->end.failed = spawn->child.failed;
	spawn->end.error = spawn->child.error;
	if (spawn->end.failed) {
		finish(spawn);
		return;
	}
	watch_end(spawn);
	if (!spawn->done)
		kill(-spawn->child.pid, SIGKILL);
}

static void handed_ran(evutil_socket_t fd, short what, void *arg)
{
	struct spawn *spawn;

	(void)what;
	(void)arg;
	while (read(fd, &spawn, sizeof(struct spawn *)) == sizeof(struct spawn *))
		started(spawn);
}

struct spawner *spawner_new(struct event_base *base, unsigned max)
{
	struct spawner *spawner = calloc(1, sizeof(*spawner));

	if (!spawner)
		return NULL;
	spawner->base = base;
	spawner->max = max;
	spawner->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	LIST_INIT(&spawner->all);
	spawner->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (spawner->null < 0)
		goto out;
	if (pipe2(spawner->started, O_CLOEXEC) < 0)
		goto out_null;
	if (fcntl(spawner->started[0], F_SETFL, O_NONBLOCK) < 0)
		goto out_pipe;
	event_assign(&spawner->handed, base, spawner->started[0], EV_READ | EV_PERSIST, handed_ran,
	             spawner);
	if (event_add(&spawner->handed, NULL) == 0)
		return spawner;
out_pipe:
	close(spawner->started[0]);
	close(spawner->started[1]);
out_null:
	close(spawner->null);
out:
	free(spawner);
	return NULL;
}

/* Returns false if one of them hangs in the kernel. */
static bool await_starting(struct spawner *spawner)
{
	struct pollfd ready = { .fd = spawner->started[0], .events = POLLIN };
	const uint64_t deadline = clock_ms() + STOP_WAIT_MS;

	while (spawner->starting && clock_ms() < deadline) {
		poll(&ready, 1, LOOK_AGAIN_MS);
		handed_ran(ready.fd, 0, NULL);
	}
	return spawner->starting == 0;
}

void spawner_free(struct spawner *spawner)
{
	struct spawn *spawn;

	if (!spawner)
		return;
	LIST_FOREACH(spawn, &spawner->all, all)
	spawn_kill(spawn);
	/* Otherwise its thread uses our memory until the process ends. */
	if (!await_starting(spawner))
		return;
	while ((spawn = LIST_FIRST(&spawner->all)) != NULL) {
		event_del(&spawn->ended);
		close(spawn->child.pidfd);
		spawn_free(spawn);
	}
	event_del(&spawner->handed);
	close(spawner->started[0]);
	close(spawner->started[1]);
	close(spawner->null);
	free(spawner);
}

static bool open_output(struct spawn *spawn)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	spawn->out = ends[0];
	spawn->child_out = ends[1];
	event_assign(&spawn->output, spawn->spawner->base, spawn->out, EV_READ | EV_PERSIST,
	             output_ran, spawn);
	return fcntl(spawn->out, F_SETFL, O_NONBLOCK) == 0 && event_add(&spawn->output, NULL) == 0;
}

/* The descriptor is sealed: it cannot be written to any more, by any path. */
static bool open_input(struct spawn *spawn, const char *bytes, size_t length)
{
	ssize_t n = 0;

	if (!bytes)
		return true;
	spawn->child_in = memfd_create("shunt-input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (spawn->child_in < 0)
		return false;
	for (; length > 0 && (n = write(spawn->child_in, bytes, length)) > 0; bytes += n)
		length -= (size_t)n;
	return length == 0 && lseek(spawn->child_in, 0, SEEK_SET) == 0 &&
	       fcntl(spawn->child_in, F_ADD_SEALS,
	             F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
}

static void set_descriptors(struct spawn *spawn, bool errors)
{
	int null = spawn->spawner->null;

	spawn->child.in = spawn->child_in < 0 ? null : spawn->child_in;
	spawn->child.out = spawn->child_out;
	spawn->child.err = errors ? spawn->child_out : null;
}

struct spawn *spawn_start(struct spawner *spawner, const struct spawn_program *program,
                          const struct spawn_user *user, spawn_done *done, void *arg)
{
	struct spawn *spawn = spawner->count < spawner->max ? calloc(1, sizeof(*spawn)) : NULL;
	int error = 0;

	if (!spawn) {
		free(program->argv);
		errno = EAGAIN;
		return NULL;
	}
	*spawn = (struct spawn){ .spawner = spawner,
		                 .done = done,
		                 .arg = arg,
		                 .child = { .argv = program->argv,
		                            .environment = program->environment,
		                            .user = *user },
		                 .out = -1,
		                 .child_out = -1,
		                 .child_in = -1 };
	LIST_INSERT_HEAD(&spawner->all, spawn, all);
	spawner->count++;
	if (!open_output(spawn) || !open_input(spawn, program->input, program->input_length))
		error = errno;
	if (!error) {
		set_descriptors(spawn, program->errors);
		error = start_thread(spawn);
	}
	if (error) {
		spawn_free(spawn);
		errno = error;
		return NULL;
	}
	spawner->starting++;
	return spawn;
}

const char *spawn_line(const struct spawn *spawn)
{
	return spawn->end.line;
}

void spawn_kill(struct spawn *spawn)
{
	spawn->done = NULL;
	close_output(spawn);
	if (spawn->child_out < 0)
		kill(-spawn->child.pid, SIGKILL);
}
