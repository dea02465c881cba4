/*
 * A worker of the benchmark: looks up one name repeatedly, on request.
 *
 *   lookup [--added | --count N] NAME ADDRESS [NAME ADDRESS]...
 *
 * Waits until every NAME resolves to its ADDRESS, so that the right thing is measured (the server
 * is up, the shim is attached), and prints "ready". Then, for each line "THREADS MILLISECONDS" on
 * standard input, it looks up the first NAME for that long and prints the nanoseconds that one
 * lookup took in its thread. It ends at the end of input.
 *
 * With --added it prints what a preloaded library adds: short batches of getaddrinfo(), as the
 * program is linked to it, alternate with batches of libc's own, and the result is the median of
 * the differences of the pairs.
 *
 * With --count it looks up the first NAME N times and ends, for counting instructions.
 *
 * A lookup is getaddrinfo() as curl, libpq or Node call it (any family, SOCK_STREAM, a numeric
 * port) and freeaddrinfo().
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <gnu/lib-names.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX 16
#define READY_SECONDS 20
/* Lookups between two readings of the clock: so many that the cost of a reading is negligible. */
#define BATCH_NS 20000
#define BATCH_MAX 1024
#define PAIRS_MAX 10000

typedef int resolver(const char *name, const char *service, const struct addrinfo *hints,
                     struct addrinfo **list);

struct job {
	void (*measure)(struct job *job);
	resolver *libc; /* libc's getaddrinfo, whatever is preloaded */
	const char *name;
	uint64_t length; /* ns */
	unsigned size;   /* of a batch */
	pthread_barrier_t *start;
	/* Results: their quotient is the time of a lookup. */
	double elapsed; /* ns */
	uint64_t lookups;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

static bool resolves(const char *name, const char *address)
{
	struct addrinfo *list;
	char text[INET6_ADDRSTRLEN];

	if (getaddrinfo(name, "80", &hints, &list))
		return false;
	int error = getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof(text), NULL, 0,
	                        NI_NUMERICHOST);
	freeaddrinfo(list);
	return !error && !strcmp(text, address);
}

static void wait_until_resolves(const char *name, const char *address)
{
	const uint64_t deadline = now() + READY_SECONDS * UINT64_C(1000000000);
	const struct timespec pause = { .tv_nsec = 20000000 };

	while (!resolves(name, address)) {
		if (now() > deadline)
			errx(1, "%s does not resolve to %s", name, address);
		nanosleep(&pause, NULL);
	}
}

static uint64_t batch(resolver *resolve, const char *name, unsigned size)
{
	const uint64_t begin = now();

	for (unsigned i = 0; i < size; i++) {
		struct addrinfo *list;
		int error = resolve(name, "80", &hints, &list);

		if (error)
			errx(1, "%s: %s", name, gai_strerror(error));
		freeaddrinfo(list);
	}
	return now() - begin;
}

static void measure_cost(struct job *job)
{
	const uint64_t start = now();

	do {
		batch(getaddrinfo, job->name, job->size);
		job->lookups += job->size;
		job->elapsed = (double)(now() - start);
	} while (job->elapsed < (double)job->length);
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The median of many pairs: a disturbance of a batch also affects the other half of its pair, or
 * makes an outlier.
 */
static void measure_added(struct job *job)
{
	resolver *const resolve[2] = { getaddrinfo, job->libc };
	double added[PAIRS_MAX];
	const uint64_t start = now();
	size_t count = 0;

	do {
		const unsigned first = count % 2;
		const uint64_t one = batch(resolve[first], job->name, job->size);
		const uint64_t two = batch(resolve[!first], job->name, job->size);

		added[count++] = ((double)one - (double)two) * (first ? -1 : 1) / job->size;
	} while (now() - start < job->length && count < PAIRS_MAX);
	qsort(added, count, sizeof(*added), compare);
	job->elapsed = added[count / 2];
	job->lookups = 1;
}

static void *work(void *arg)
{
	struct job *job = arg;

	/* The first lookup of a thread pays for its memory. */
	batch(getaddrinfo, job->name, 1);
	while (job->size < BATCH_MAX && batch(getaddrinfo, job->name, job->size) < BATCH_NS / 2)
		job->size *= 2;
	pthread_barrier_wait(job->start);
	job->measure(job);
	return NULL;
}

/* A single lookup thread is created too: libc takes its locks in the same way in all rounds. */
static double measure(const struct job *job, unsigned threads)
{
	pthread_t ids[THREADS_MAX];
	struct job jobs[THREADS_MAX];
	pthread_barrier_t start;
	double elapsed = 0;
	uint64_t lookups = 0;

	pthread_barrier_init(&start, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		jobs[i] = *job;
		jobs[i].start = &start;
		errno = pthread_create(&ids[i], NULL, work, &jobs[i]);
		if (errno)
			err(1, "pthread_create");
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		elapsed += jobs[i].elapsed;
		lookups += jobs[i].lookups;
	}
	pthread_barrier_destroy(&start);
	return elapsed / (double)lookups;
}

static resolver *find_libc(void)
{
	void *libc = dlopen(LIBC_SO, RTLD_LAZY | RTLD_NOLOAD);
	resolver *found = libc ? (resolver *)dlsym(libc, "getaddrinfo") : NULL;

	if (!found)
		errx(1, "no getaddrinfo in %s", LIBC_SO);
	return found;
}

static void serve(struct job *job)
{
	unsigned threads, milliseconds;

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (scanf("%u %u", &threads, &milliseconds) == 2) {
		if (threads < 1 || threads > THREADS_MAX)
			errx(64, "1 to %d threads", THREADS_MAX);
		job->length = milliseconds * UINT64_C(1000000);
		printf("%.1f\n", measure(job, threads));
	}
}

int main(int argc, char **argv)
{
	const bool added = argc > 1 && !strcmp(argv[1], "--added");
	const bool count = argc > 2 && !strcmp(argv[1], "--count");
	const int options = added ? 1 : count ? 2 : 0;
	struct job job = {
		.measure = added ? measure_added : measure_cost,
		.libc = find_libc(),
		.size = 1,
	};
	char **names = argv + 1 + options;

	argc -= 1 + options;
	if (argc < 2 || argc % 2)
		errx(64, "usage: lookup [--added | --count N] NAME ADDRESS [NAME ADDRESS]...");
	for (int i = 0; i < argc; i += 2)
		wait_until_resolves(names[i], names[i + 1]);
	job.name = names[0];
	if (count)
		batch(getaddrinfo, job.name, (unsigned)strtoul(argv[2], NULL, 10));
	else
		serve(&job);
	return 0;
}
