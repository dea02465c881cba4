/*
 * How punctual a prober is, and what it costs, as seen by its endpoints.
 *
 *   scale WARMUP INTERVALS jitter|plain CONFIG COMMAND... <ARRIVALS
 *
 * Starts COMMAND, reads what endpoint.c prints about its probes, and ends it after WARMUP seconds
 * and INTERVALS intervals. CONFIG is the daemon's; its endpoints are literal IPv4 addresses with
 * the same interval, and its checks name a host or need none.
 *
 * A probe is due one interval after the previous one of the same address arrived; with "jitter", at
 * the time that the daemon's own schedule derives from that for this address and attempt
 * (probe_schedule.h, which is pure). The delay of a probe therefore includes that of the endpoint,
 * and is measured from the first probe on. A probe that is due and does not arrive counts as late.
 *
 * Prints one line:
 *   ADDRESSES PROBES ON_TIME_PERCENT MEDIAN_MS P99_MS MAX_MS FIRST_ROUND_MS CPU_US VMRSS_KB
 *   VMHWM_KB PSS_KB CPU_PERCENT
 * where ON_TIME is at most 5 % of the interval off, FIRST_ROUND is from the first arrival until
 * each address has had one, and CPU is the user and system time of a probe, the median of the
 * intervals after WARMUP;
 * CPU_PERCENT is that of one processor, over all of them. PSS is -1 if it may not be read.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/config/load.h"
#include "daemon/probe/schedule.h"

#define ON_TIME_PERCENT 5
#define INTERVALS_MAX 1000

extern char **environ;

struct target {
	uint32_t address; /* in network byte order, as all addresses here */
	uint32_t hash;
	uint32_t interval; /* ms */
	uint32_t probes;
	uint64_t due_us;
};

struct arrival {
	uint32_t address;
	uint64_t us;
};

struct sample {
	uint64_t us;
	double cpu_us;
};

struct run {
	bool plain; /* the probes follow the interval only */
	struct target *targets;
	size_t target_count;
	struct arrival *arrivals;
	size_t arrival_count, arrival_room;
	struct sample samples[INTERVALS_MAX + 1];
	size_t sample_count;
	int64_t *late; /* µs, of each probe except the first of an address */
	size_t late_count;
	uint64_t first_round_us;
	long rss, hwm, pss;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* --- what is probed --------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static void add_target(struct run *run, const struct endpoint_config *endpoint)
{
	const struct address *address = &endpoint->sources[0].address;
	const struct check *check = endpoint->check;
	struct target *target = &run->targets[run->target_count++];

	memcpy(&target->address, address->byte, sizeof(target->address));
	target->interval = check->interval;
	target->hash = probe_schedule_hash(check, address, check->host ? check->host : "");
}

static void read_config(struct run *run, const char *path)
{
	char error[CONFIG_ERROR_MAX];
	struct config *config = config_load(path, error);

	if (!config)
		errx(1, "%s", error);
	run->targets = calloc(config->record_count * SHUNT_ENDPOINTS_MAX, sizeof(*run->targets));
	if (!run->targets)
		err(1, "calloc");
	for (size_t i = 0; i < config->record_count; i++)
		for (size_t k = 0; k < config->records[i].endpoint_count; k++)
			add_target(run, &config->records[i].endpoints[k]);
	qsort(run->targets, run->target_count, sizeof(*run->targets), by_address);
	config_free(config);
}

/*
 * --- while it runs ------------------------------------------------------------------------------
 */

static void add_arrival(struct run *run, char *line)
{
	char *time = strchr(line, ' ');
	struct arrival *arrival;

	if (!time)
		errx(1, "not an arrival: %s", line);
	*time++ = '\0';
	if (run->arrival_count == run->arrival_room) {
		run->arrival_room = run->arrival_room ? 2 * run->arrival_room : 65536;
		run->arrivals =
		        reallocarray(run->arrivals, run->arrival_room, sizeof(*run->arrivals));
		if (!run->arrivals)
			err(1, "reallocarray");
	}
	arrival = &run->arrivals[run->arrival_count++];
	arrival->us = strtoull(time, NULL, 10);
	if (inet_pton(AF_INET, line, &arrival->address) != 1)
		errx(1, "not an address: %s", line);
}

/* Parses the complete lines received, and keeps the rest for the next call. */
static void read_arrivals(struct run *run)
{
	static char buffer[65536];
	static size_t kept;
	const ssize_t size = read(STDIN_FILENO, buffer + kept, sizeof(buffer) - kept - 1);
	char *line = buffer, *end;

	if (size <= 0)
		errx(1, "the endpoint has ended");
	buffer[kept + (size_t)size] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		add_arrival(run, line);
		line = end + 1;
	}
	kept = strlen(line);
	memmove(buffer, line, kept);
}

/* The CPU time of all its threads, user and system. */
static double cpu_us(pid_t pid)
{
	struct timespec used = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used) < 0)
		errx(1, "the prober has ended");
	return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

static void sample(struct run *run, pid_t pid)
{
	run->samples[run->sample_count].us = now_us();
	run->samples[run->sample_count++].cpu_us = cpu_us(pid);
}

static long memory(pid_t pid, const char *list, const char *field)
{
	char path[64], line[256];
	long kb = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, list);
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	while (kb < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			kb = strtol(line + strlen(field), NULL, 10);
	fclose(file);
	return kb;
}

/* Samples at the end of the warmup and of each interval after it. */
static void watch(struct run *run, pid_t pid, uint64_t warmup_us, size_t intervals)
{
	struct pollfd readable = { STDIN_FILENO, POLLIN, 0 };
	uint64_t due = now_us() + warmup_us;

	while (run->sample_count <= intervals) {
		const uint64_t now = now_us();

		if (now >= due) {
			sample(run, pid);
			due += (uint64_t)run->targets[0].interval * 1000;
		} else if (poll(&readable, 1, (int)((due - now) / 1000 + 1)) == 1) {
			read_arrivals(run);
		}
	}
	run->rss = memory(pid, "status", "VmRSS:");
	run->hwm = memory(pid, "status", "VmHWM:");
	run->pss = memory(pid, "smaps_rollup", "Pss:");
}

/*
 * --- results ------------------------------------------------------------------------------------
 */

static uint64_t tolerance_us(const struct run *run)
{
	return (uint64_t)run->targets[0].interval * 1000 * ON_TIME_PERCENT / 100;
}

static uint64_t due_us(const struct run *run, const struct target *target, uint64_t last_us)
{
	if (run->plain)
		return last_us + (uint64_t)target->interval * 1000;
	return probe_schedule_next_us(target->hash, target->probes, last_us, target->interval,
	                              last_us);
}

static struct target *find(const struct run *run, uint32_t address)
{
	const struct target wanted = { .address = address };

	return bsearch(&wanted, run->targets, run->target_count, sizeof(wanted), by_address);
}

static void judge(struct run *run)
{
	for (size_t i = 0; i < run->arrival_count; i++) {
		const struct arrival *arrival = &run->arrivals[i];
		struct target *target = find(run, arrival->address);

		if (!target)
			continue;
		if (target->probes++ == 0)
			run->first_round_us = arrival->us - run->arrivals[0].us;
		else
			run->late[run->late_count++] = (int64_t)(arrival->us - target->due_us);
		target->due_us = due_us(run, target, arrival->us);
	}
}

/* Probes that were due and did not arrive. */
static void judge_missing(struct run *run, uint64_t end_us)
{
	for (size_t i = 0; i < run->target_count; i++) {
		const struct target *target = &run->targets[i];

		if (target->due_us + tolerance_us(run) < end_us)
			run->late[run->late_count++] = (int64_t)(end_us - target->due_us);
	}
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double percentile_ms(const struct run *run, size_t percent)
{
	const size_t index = (run->late_count - 1) * percent / 100;

	return (double)run->late[index] / 1e3;
}

static double on_time_percent(const struct run *run)
{
	const int64_t tolerance = (int64_t)tolerance_us(run);
	size_t on_time = 0;

	for (size_t i = 0; i < run->late_count; i++)
		on_time += run->late[i] <= tolerance && run->late[i] >= -tolerance;
	return 100.0 * (double)on_time / (double)run->late_count;
}

static size_t arrivals_between(const struct run *run, uint64_t from_us, uint64_t to_us)
{
	size_t count = 0;

	for (size_t i = 0; i < run->arrival_count; i++)
		count += run->arrivals[i].us >= from_us && run->arrivals[i].us < to_us;
	return count;
}

static double cpu_per_probe(const struct run *run)
{
	const size_t count = run->sample_count - 1;
	double costs[INTERVALS_MAX] = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct sample *from = &run->samples[i], *to = from + 1;

		costs[i] = (to->cpu_us - from->cpu_us) /
		           (double)arrivals_between(run, from->us, to->us);
	}
	qsort(costs, count, sizeof(*costs), compare);
	return (costs[(count - 1) / 2] + costs[count / 2]) / 2;
}

static double cpu_percent(const struct run *run)
{
	const struct sample *first = run->samples, *last = first + run->sample_count - 1;

	return 100 * (last->cpu_us - first->cpu_us) / (double)(last->us - first->us);
}

static void report(const struct run *run)
{
	qsort(run->late, run->late_count, sizeof(*run->late), by_size);
	printf("%zu %zu %.2f %.1f %.1f %.1f %.0f %.1f %ld %ld %ld %.1f\n", run->target_count,
	       run->arrival_count, on_time_percent(run), percentile_ms(run, 50),
	       percentile_ms(run, 99), percentile_ms(run, 100), (double)run->first_round_us / 1e3,
	       cpu_per_probe(run), run->rss, run->hwm, run->pss, cpu_percent(run));
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	const unsigned long value = strtoul(text, &end, 10);

	if (*end || value < 1 || value > max)
		errx(64, "%s: must be 1 to %lu", text, max);
	return value;
}

int main(int argc, char **argv)
{
	static struct run run;
	uint64_t warmup_us;
	size_t intervals;
	pid_t pid;

	if (argc < 6)
		errx(64, "usage: scale WARMUP INTERVALS jitter|plain CONFIG COMMAND... <ARRIVALS");
	warmup_us = number(argv[1], 3600) * 1000000;
	intervals = number(argv[2], INTERVALS_MAX);
	run.plain = strcmp(argv[3], "plain") == 0;
	read_config(&run, argv[4]);
	errno = posix_spawnp(&pid, argv[5], NULL, NULL, argv + 5, environ);
	if (errno)
		err(1, "%s", argv[5]);
	watch(&run, pid, warmup_us, intervals);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	run.late = calloc(run.arrival_count + run.target_count, sizeof(*run.late));
	if (!run.late)
		err(1, "calloc");
	judge(&run);
	judge_missing(&run, run.samples[intervals].us);
	report(&run);
}
