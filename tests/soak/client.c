/*
 * Client for the soak test: a plain program, unaware of the shim, whose threads look up all names
 * in a loop.
 *
 *   client [-t THREADS] [-p PAUSE_US] NAME ...     loops until standard input ends
 *
 * Output, with all times in microseconds of CLOCK_MONOTONIC:
 *
 * saw NAME START END COUNT ANSWER
 *         COUNT consecutive lookups had this answer; the first began at START, the last
 *         ended at END. A line is printed when the answer changes, and every ROW_US.
 * slow NAME START TOOK STALLED
 *         a lookup took TOOK, and this program did not run for STALLED of that time
 * report descriptors=N tables=N anon_kb=N lookups=N
 *         the reply to the line "report" on standard input
 *
 * STALLED is the larger of two measurements: the time for which this thread waited for a CPU
 * according to the kernel, and the delay seen by a thread that only sleeps. The latter also detects
 * that the whole machine was stalled.
 */
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAMES_MAX 64
#define THREADS_MAX 16
#define ANSWER_MAX 256
#define ROW_US 500000u
#define SLOW_US 300000u  /* longer lookups are printed; the soak evaluates them */
#define WATCH_US 5000u   /* the watcher's sleep */
#define LATE_US 10000u   /* a shorter delay is not a stall */
#define SETTLE_US 50000u /* until the watcher has noticed a stall that ended */

struct row {
	char answer[ANSWER_MAX];
	uint64_t start, end;
	unsigned count;
};

static const char *const *names;
static int name_count;
static unsigned pause_us = 10000;
static atomic_ullong stalled_us; /* set by the watcher */
static atomic_ulong lookups;
static atomic_bool ending;

/*
 * Held for reading during each lookup, so that the report shows what a lookup leaves behind, not
 * what it has open.
 */
static pthread_rwlock_t looking_up = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* One write per line, so that output of threads does not mix. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[ANSWER_MAX + 256];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length > 0 && write(STDOUT_FILENO, line, (size_t)length) < 0)
		_exit(1);
}

/* --- stalls -------------------------------------------------------------------------------------- */

static void *watch(void *unused)
{
	(void)unused;
	while (!atomic_load(&ending)) {
		uint64_t start = now_us(), took;

		usleep(WATCH_US);
		took = now_us() - start;
		if (took > WATCH_US + LATE_US)
			atomic_fetch_add(&stalled_us, took - WATCH_US);
	}
	return NULL;
}

/* How long this thread was runnable but not running; `fd` is its schedstat file. */
static uint64_t waited_us(int fd)
{
	unsigned long long ran, waited;
	char text[128];
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

	if (size <= 0)
		return 0;
	text[size] = '\0';
	return sscanf(text, "%llu %llu", &ran, &waited) == 2 ? waited / 1000 : 0;
}

/* --- lookups ------------------------------------------------------------------------------------- */

static const char *error_word(int error)
{
	switch (error) {
	case EAI_AGAIN: return "EAI_AGAIN";
	case EAI_FAIL: return "EAI_FAIL";
	case EAI_NONAME: return "EAI_NONAME";
	case EAI_NODATA: return "EAI_NODATA";
	case EAI_MEMORY: return "EAI_MEMORY";
	case EAI_SYSTEM: return "EAI_SYSTEM";
	default: return "EAI_OTHER";
	}
}

static void describe(const struct addrinfo *list, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (; list && used + 1 < size; list = list->ai_next) {
		char host[64];

		if (getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof(host), NULL, 0,
		                NI_NUMERICHOST) != 0)
			strcpy(host, "?");
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "", host);
	}
}

static void look_up(const char *name, char answer[ANSWER_MAX])
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int error = getaddrinfo(name, "80", &hints, &list);

	if (error) {
		snprintf(answer, ANSWER_MAX, "%s", error_word(error));
		return;
	}
	describe(list, answer, ANSWER_MAX);
	freeaddrinfo(list);
}

static void end_row(const char *name, struct row *row)
{
	if (row->count)
		say("saw %s %llu %llu %u %s\n", name, (unsigned long long)row->start,
		    (unsigned long long)row->end, row->count, row->answer);
	row->count = 0;
}

static void note(const char *name, struct row *row, const char *answer, uint64_t start,
                 uint64_t end)
{
	if (row->count && (strcmp(row->answer, answer) != 0 || end - row->start > ROW_US))
		end_row(name, row);
	if (!row->count) {
		snprintf(row->answer, sizeof(row->answer), "%s", answer);
		row->start = start;
	}
	row->end = end;
	row->count++;
}

static void note_slow(const char *name, uint64_t start, uint64_t took, uint64_t waited,
                      uint64_t stalled)
{
	usleep(SETTLE_US);
	stalled = atomic_load(&stalled_us) - stalled;
	say("slow %s %llu %llu %llu\n", name, (unsigned long long)start, (unsigned long long)took,
	    (unsigned long long)(waited > stalled ? waited : stalled));
}

static void turn(const char *name, struct row *row, int schedstat)
{
	char answer[ANSWER_MAX];
	uint64_t stalled = atomic_load(&stalled_us), waited = waited_us(schedstat), start, end;

	pthread_rwlock_rdlock(&looking_up);
	start = now_us();
	look_up(name, answer);
	end = now_us();
	pthread_rwlock_unlock(&looking_up);
	atomic_fetch_add(&lookups, 1);
	note(name, row, answer, start, end);
	if (end - start > SLOW_US)
		note_slow(name, start, end - start, waited_us(schedstat) - waited, stalled);
}

static void *loop(void *unused)
{
	static _Thread_local struct row rows[NAMES_MAX];
	int schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);

	(void)unused;
	while (!atomic_load(&ending)) {
		for (int i = 0; i < name_count; i++) {
			turn(names[i], &rows[i], schedstat);
			usleep(pause_us);
		}
	}
	for (int i = 0; i < name_count; i++)
		end_row(names[i], &rows[i]);
	close(schedstat);
	return NULL;
}

/* --- the report ---------------------------------------------------------------------------------- */

static unsigned count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	if (!folder)
		return 0;
	for (const struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count - 1; /* the directory stream's own */
}

/*
 * Count the lines of a /proc file that contain a text; `value` receives the number that follows the
 * last match.
 */
static unsigned count_lines(const char *path, const char *text, unsigned long *value)
{
	FILE *file = fopen(path, "re");
	unsigned count = 0;
	char line[512];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		const char *found = strstr(line, text);

		if (!found)
			continue;
		count++;
		*value = strtoul(found + strlen(text), NULL, 10);
	}
	fclose(file);
	return count;
}

static void report(void)
{
	unsigned long anon_kb = 0, ignored;
	unsigned open_descriptors, tables;

	pthread_rwlock_wrlock(&looking_up);
	open_descriptors = count_descriptors();
	tables = count_lines("/proc/self/maps", "/memfd:", &ignored);
	count_lines("/proc/self/status", "RssAnon:", &anon_kb);
	pthread_rwlock_unlock(&looking_up);
	say("report descriptors=%u tables=%u anon_kb=%lu lookups=%lu\n", open_descriptors, tables,
	    anon_kb, atomic_load(&lookups));
}

int main(int argc, char **argv)
{
	pthread_t watcher, threads[THREADS_MAX];
	int count = 1, option;
	char line[64];

	while ((option = getopt(argc, argv, "p:t:")) != -1) {
		switch (option) {
		case 'p': pause_us = (unsigned)atoi(optarg); break;
		case 't': count = atoi(optarg); break;
		default: return 64;
		}
	}
	names = (const char *const *)argv + optind;
	name_count = argc - optind;
	if (name_count < 1 || name_count > NAMES_MAX || count < 1 || count > THREADS_MAX)
		return 64;
	if (pthread_create(&watcher, NULL, watch, NULL) != 0)
		return 1;
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, loop, NULL) != 0)
			return 1;
	while (fgets(line, sizeof(line), stdin))
		if (strcmp(line, "report\n") == 0)
			report();
	atomic_store(&ending, true);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_join(watcher, NULL);
	report();
	return 0;
}
