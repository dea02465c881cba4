/*
 * A client that looks up a name repeatedly, for the system tests: a plain program that does not
 * depend on the shim.
 *
 *   looper [-t THREADS] [-p PAUSE_US] NAME     loops until standard input ends
 *   looper -1 NAME                             one lookup, one answer
 *   looper -m COUNT NAME                       a lookup in advance, then COUNT between two lines
 *                                              "mark", for strace
 *
 * Prints `answer MS THREAD ADDRESS,ADDRESS` (or EAI_… instead of addresses) whenever a thread's
 * answer changed; MS is CLOCK_MONOTONIC. Lines on standard input: `report` prints the counters,
 * `reset` resets them.
 */
#include <dirent.h>
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

#define THREADS_MAX 64
#define ANSWER_MAX 1024
#define WARM_UP 64 /* lookups before the first mark: attach, and the allocator's growth */

static const char *lookup_name;
static unsigned pause_us = 200;
static atomic_ulong lookups;
static atomic_ulong slowest_us;
static atomic_bool ending;

/*
 * Held for reading during each lookup, so that the counters show what a lookup leaves, not what it
 * has open.
 */
static pthread_rwlock_t looking_up = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/*
 * One write per line, so that threads do not mix; unbuffered, so that a fork or a kill loses
 * nothing.
 */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[ANSWER_MAX + 64];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (length > 0 && write(STDOUT_FILENO, line, (size_t)length) < 0)
		_exit(1);
}

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
	for (; list; list = list->ai_next) {
		char host[64];

		if (getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof host, NULL, 0,
		                NI_NUMERICHOST) != 0)
			strcpy(host, "?");
		int length = snprintf(text + used, size - used, "%s%s", used ? "," : "", host);
		if (length < 0 || (size_t)length >= size - used)
			return;
		used += (size_t)length;
	}
}

static void look_up(char answer[ANSWER_MAX])
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	int error = getaddrinfo(lookup_name, "80", &hints, &list);
	if (error) {
		snprintf(answer, ANSWER_MAX, "%s", error_word(error));
		return;
	}
	describe(list, answer, ANSWER_MAX);
	freeaddrinfo(list);
}

static void note_time(uint64_t took)
{
	unsigned long slowest = atomic_load(&slowest_us);

	while (took > slowest && !atomic_compare_exchange_weak(&slowest_us, &slowest, took))
		;
	atomic_fetch_add(&lookups, 1);
}

static void *loop(void *number)
{
	char answer[ANSWER_MAX], last[ANSWER_MAX] = "";

	while (!atomic_load(&ending)) {
		pthread_rwlock_rdlock(&looking_up);
		uint64_t start = now_us();
		look_up(answer);
		uint64_t end = now_us();
		pthread_rwlock_unlock(&looking_up);
		note_time(end - start);
		if (strcmp(answer, last) != 0) {
			say("answer %llu %d %s\n", (unsigned long long)(end / 1000),
			    (int)(intptr_t)number, answer);
			strcpy(last, answer);
		}
		usleep(pause_us);
	}
	return NULL;
}

static unsigned count_descriptors(void)
{
	unsigned count = 0;
	DIR *dir = opendir("/proc/self/fd");

	if (!dir)
		return 0;
	for (const struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count - 1; /* the directory's own */
}

static void count_mappings(unsigned *all, unsigned *tables)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");

	*all = *tables = 0;
	if (!maps)
		return;
	while (fgets(line, sizeof line, maps)) {
		*all += strchr(line, '\n') != NULL;
		*tables += strstr(line, "/memfd:") != NULL;
	}
	fclose(maps);
}

static void report(void)
{
	unsigned all, tables;

	pthread_rwlock_wrlock(&looking_up);
	unsigned open_descriptors = count_descriptors();
	count_mappings(&all, &tables);
	pthread_rwlock_unlock(&looking_up);
	say("report lookups=%lu slowest_us=%lu descriptors=%u tables=%u mappings=%u\n",
	    atomic_load(&lookups), atomic_load(&slowest_us), open_descriptors, tables, all);
}

static void forget(void)
{
	atomic_store(&slowest_us, 0);
	atomic_store(&lookups, 0);
}

static void obey(void)
{
	char line[64];

	while (fgets(line, sizeof line, stdin)) {
		if (strcmp(line, "report\n") == 0)
			report();
		else if (strcmp(line, "reset\n") == 0)
			forget();
	}
}

static int run_threads(int count)
{
	pthread_t threads[THREADS_MAX];

	for (int i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, loop, (void *)(intptr_t)i) != 0)
			return 1;
	}
	obey();
	atomic_store(&ending, true);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	report();
	return 0;
}

static int run_marked(long count)
{
	char answer[ANSWER_MAX];

	for (int i = 0; i < WARM_UP; i++)
		look_up(answer);
	say("mark\n");
	for (long i = 0; i < count; i++)
		look_up(answer);
	say("mark\n");
	return 0;
}

static int run_once(void)
{
	char answer[ANSWER_MAX];

	look_up(answer);
	say("answer %llu 0 %s\n", (unsigned long long)(now_us() / 1000), answer);
	return 0;
}

int main(int argc, char **argv)
{
	int threads = 1, option;
	long marked = 0;
	bool once = false;

	while ((option = getopt(argc, argv, "1m:p:t:")) != -1) {
		switch (option) {
		case '1': once = true; break;
		case 'm': marked = atol(optarg); break;
		case 'p': pause_us = (unsigned)atoi(optarg); break;
		case 't': threads = atoi(optarg); break;
		default: return 64;
		}
	}
	if (optind != argc - 1 || threads < 1 || threads > THREADS_MAX)
		return 64;
	lookup_name = argv[optind];
	if (once)
		return run_once();
	return marked ? run_marked(marked) : run_threads(threads);
}
