/*
 * What a door costs a connect(), beside a connect() on loopback, and how long the helper's own steps
 * take. As root; needs cgroups of version 2.
 *
 * A connection takes thousands of nanoseconds, and differs from the next by hundreds; the door costs
 * tens. So its cost is taken from connects to multicast addresses, which the kernel refuses right
 * after the door: in short turns, outside of the door's cgroup, inside of it to an address that it does
 * not lead, and inside to one that it leads elsewhere; the median of the differences within a round.
 *
 *   BENCH_ROUNDS=5000    turns of each row
 *
 * Fails only when a row could not be measured.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "door/cgroup.h"
#include "door/kernel.h"
#include "door/place.h"

#define FILLED 1000u /* other places in the map */
#define WARM 5u
#define TURN 60u
#define LOOPBACK 20000u

static char folder[256];

_Noreturn static void fail(const char *what, const char *why)
{
	fprintf(stderr, "bench/door: %s: %s\n", what, why);
	if (*folder)
		rmdir(folder);
	exit(1);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	const double *one = a, *other = b;

	return *one < *other ? -1 : *one > *other;
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

static size_t number(const char *name, size_t otherwise)
{
	const char *text = getenv(name);
	long value = text ? strtol(text, NULL, 10) : 0;

	return value > 0 ? (size_t)value : otherwise;
}

/* --- connections ------------------------------------------------------------------------------ */

static int listen_at(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(*address);

	if (fd < 0 || bind(fd, (struct sockaddr *)address, sizeof(*address)) != 0 ||
	    listen(fd, 16) != 0 || getsockname(fd, (struct sockaddr *)address, &length) != 0)
		fail("cannot listen", strerror(errno));
	return fd;
}

/* Nothing is left in TIME_WAIT, which would make later ones slower. */
static double loopback_ns(const struct sockaddr_in *address, int listening)
{
	const struct linger reset = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), other;
	double start, end;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	start = now_ns();
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
		fail("cannot connect", strerror(errno));
	end = now_ns();
	other = accept(listening, NULL, NULL);
	close(fd);
	close(other);
	return end - start;
}

/* The mean of a turn. */
static double refused_ns(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	double start = 0;

	for (unsigned i = 0; i < WARM + TURN; i++) {
		if (i == WARM)
			start = now_ns();
		if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			fail("multicast", "a connection was made");
	}
	start = (now_ns() - start) / TURN;
	close(fd);
	return start;
}

static void move_to(const char *cgroup)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		fail(path, strerror(errno));
	close(fd);
}

/* --- rows ------------------------------------------------------------------------------------- */

struct row {
	const char *label;
	const char *cgroup;
	struct sockaddr_in to;
	double *times; /* for each round */
};

#define ROWS 3u

static void measure(struct row rows[ROWS], size_t rounds)
{
	for (size_t i = 0; i < ROWS; i++)
		rows[i].times = calloc(rounds, sizeof(double));
	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < ROWS; i++) {
			struct row *row = &rows[(i + round) % ROWS];

			move_to(row->cgroup);
			row->times[round] = refused_ns(&row->to);
		}
	}
}

static double measure_loopback(const struct sockaddr_in *here, int listening, const char *outside)
{
	double *times = calloc(LOOPBACK, sizeof(*times)), result;

	move_to(outside);
	for (size_t i = 0; i < LOOPBACK; i++)
		times[i] = loopback_ns(here, listening);
	result = median(times, LOOPBACK);
	free(times);
	return result;
}

static void print_rows(const struct row rows[ROWS], size_t rounds, double loopback)
{
	double *more = calloc(rounds, sizeof(*more)), ns;

	printf("%-36s %9s %9s\n", "", "ns", "%");
	printf("%-36s %9.0f %9.0f\n", "connect() on loopback", loopback, 100.0);
	for (size_t i = 1; i < ROWS; i++) {
		for (size_t round = 0; round < rounds; round++)
			more[round] = rows[i].times[round] - rows[0].times[round];
		ns = median(more, rounds);
		printf("%-36s %+9.0f %+9.2f\n", rows[i].label, ns, 100 * ns / loopback);
	}
	free(more);
}

/* --- the helper's steps ------------------------------------------------------------------------ */

static struct shunt_door_place place_of(const struct sockaddr_in *at)
{
	struct shunt_door_place place;
	struct address address;

	if (!address_from_sockaddr((const struct sockaddr *)at, &address) ||
	    !place_make(&address, ntohs(at->sin_port), &place))
		fail("place", "is none");
	return place;
}

static void fill(struct kernel *kernel)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons(80) }, to = from;

	for (uint32_t i = 0; i < FILLED; i++) {
		struct shunt_door_place one, other;

		from.sin_addr.s_addr = htonl(0xc6120000u + i);
		to.sin_addr.s_addr = htonl(0xc6130000u + i);
		one = place_of(&from);
		other = place_of(&to);
		kernel_put(kernel, &one, &other);
	}
}

static double update_ns(struct kernel *kernel, const struct shunt_door_place *from,
                        const struct shunt_door_place *to, size_t rounds)
{
	double *times = calloc(rounds, sizeof(*times)), result;

	for (size_t i = 0; i < rounds; i++) {
		double start = now_ns();

		if (!kernel_put(kernel, from, i % 2 ? from : to))
			fail("update", strerror(errno));
		times[i] = now_ns() - start;
	}
	kernel_put(kernel, from, to);
	result = median(times, rounds);
	free(times);
	return result;
}

static void attach_ns(struct kernel *kernel, int cgroup, double *load, double *attach)
{
	double loads[21], attaches[21];
	char error[SHUNT_DOOR_TEXT_MAX];

	for (size_t i = 0; i < 21; i++) {
		double start = now_ns();
		struct kernel_door *door = kernel_load(kernel, error);

		loads[i] = now_ns() - start;
		start = now_ns();
		if (!door || !kernel_attach(door, cgroup, error))
			fail("attach", error);
		attaches[i] = now_ns() - start;
		kernel_unload(door);
	}
	*load = median(loads, 21);
	*attach = median(attaches, 21);
}

static int make_cgroup(const char *root)
{
	int fd;

	snprintf(folder, sizeof(folder), "%s/shunt-bench-%d", root, (int)getpid());
	if (mkdir(folder, 0755) != 0)
		fail(folder, strerror(errno));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail(folder, strerror(errno));
	return fd;
}

/* The address is led elsewhere, among FILLED others. */
static double fill_map(struct kernel *kernel, const struct sockaddr_in *led)
{
	struct sockaddr_in elsewhere = *led;
	struct shunt_door_place from, to;

	elsewhere.sin_addr.s_addr = htonl(0xefff0010);
	from = place_of(led);
	to = place_of(&elsewhere);
	fill(kernel);
	return update_ns(kernel, &from, &to, 1000);
}

static void run(struct kernel *kernel, int cgroup, const char *outside)
{
	const size_t rounds = number("BENCH_ROUNDS", 5000);
	struct sockaddr_in here = { .sin_family = AF_INET,
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in other = { .sin_family = AF_INET,
		                     .sin_port = htons(80),
		                     .sin_addr.s_addr = htonl(0xefff0001) };
	struct sockaddr_in led = other;
	char error[SHUNT_DOOR_TEXT_MAX];
	struct kernel_door *door = kernel_load(kernel, error);
	double load, attach, update, loopback;
	int listening = listen_at(&here);

	led.sin_addr.s_addr = htonl(0xefff0002);
	if (!door || !kernel_attach(door, cgroup, error))
		fail("attach", error);
	update = fill_map(kernel, &led);
	loopback = measure_loopback(&here, listening, outside);

	struct row rows[ROWS] = { { "outside", outside, other, NULL },
		                  { "a door that does not lead there", folder, other, NULL },
		                  { "a door that leads elsewhere", folder, led, NULL } };

	measure(rows, rounds);
	print_rows(rows, rounds, loopback);
	move_to(outside);
	if (kernel_rewritten(door) != rounds * (WARM + TURN))
		fail("the door", "did not lead what it should");
	kernel_unload(door);
	attach_ns(kernel, cgroup, &load, &attach);
	printf("\nto lead an address elsewhere: %.1f us; to load a door: %.1f ms; to attach it: "
	       "%.1f ms\n",
	       update / 1e3, load / 1e6, attach / 1e6);
	close(listening);
}

int main(void)
{
	const char *root = cgroup_root();
	char error[SHUNT_DOOR_TEXT_MAX], home[CGROUP_PATH_MAX], outside[CGROUP_PATH_MAX + 64];
	struct kernel *kernel;
	int cgroup;

	if (!root || !cgroup_of_process(getpid(), home))
		fail("cgroup", CGROUP_NONE);
	snprintf(outside, sizeof(outside), "%s%s", root, home);
	kernel = kernel_new(error);
	if (!kernel)
		fail("BPF", error);
	cgroup = make_cgroup(root);
	printf("A door costs this, with %u addresses in its map:\n\n", FILLED + 1);
	run(kernel, cgroup, outside);
	printf("\nGoal: at most 1 %% of a connect() on loopback.\n");
	kernel_free(kernel);
	if (rmdir(folder) != 0)
		fail(folder, strerror(errno));
	return 0;
}
