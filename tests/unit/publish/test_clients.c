/* The client socket: well-behaved clients, and all others. Daemon's side and clients live in this process, on a real loop. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/publish/clients.h"

#include "shunt/protocol.h"
#include "shunt/table.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DEADLINE_MS 20000 /* for what must happen on a loaded machine */
#define HELD 64
#define WAITING 256
#define NOBODY 65534

struct room {
	char folder[32];
	struct sockaddr_un address;
	struct event_base *base;
	struct clients *clients;
	int fd;
	int table;
	bool settled;
};

static int give_table(void *arg, bool *settled)
{
	struct room *room = arg;

	*settled = room->settled;
	return room->table;
}

static int setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	struct rlimit limit;

	/* Room for all of one uid, whatever the machine's default is. */
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &limit);
	log_set_level(LOG_LEVEL_ERROR);
	strcpy(room->folder, "/tmp/shunt-clients-XXXXXX");
	assert_non_null(mkdtemp(room->folder));
	assert_int_equal(chmod(room->folder, 0755), 0);
	room->address.sun_family = AF_UNIX;
	snprintf(room->address.sun_path, sizeof(room->address.sun_path), "%s/shunt.sock",
	         room->folder);
	room->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(room->fd, (struct sockaddr *)&room->address, sizeof(room->address)),
	                 0);
	assert_int_equal(chmod(room->address.sun_path, 0666), 0);
	assert_int_equal(listen(room->fd, SOMAXCONN), 0);
	room->table = memfd_create("table", MFD_CLOEXEC);
	room->settled = true;
	room->base = event_base_new();
	room->clients = clients_new(room->base, room->fd, clients_reserve(), give_table, room);
	*state = room;
	return 0;
}

static int teardown(void **state)
{
	struct room *room = *state;

	clients_free(room->clients);
	event_base_free(room->base);
	if (room->table >= 0)
		close(room->table);
	close(room->fd);
	unlink(room->address.sun_path);
	rmdir(room->folder);
	free(room);
	return 0;
}

/* Lets the daemon's side do what it can do at once. */
static void turn(struct room *room)
{
	for (int i = 0; i < 8; i++)
		event_base_loop(room->base, EVLOOP_NONBLOCK);
}

static int new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

/* As an ordinary user, also where the tests run as root. */
static void connect_as_nobody(struct room *room, int fd)
{
	bool root = geteuid() == 0;

	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&room->address, sizeof(room->address)), 0);
	if (root)
		assert_int_equal(seteuid(0), 0);
}

static int join(struct room *room)
{
	int fd = new_socket();

	connect_as_nobody(room, fd);
	return fd;
}

static void say_hello(int fd, uint32_t nonce)
{
	struct shunt_hello hello = {
		.magic = SHUNT_HELLO_MAGIC,
		.size = sizeof(hello),
		.version_min = 1,
		.version_max = SHUNT_TABLE_VERSION,
		.nonce = nonce,
	};

	assert_int_equal(send(fd, &hello, sizeof(hello), MSG_NOSIGNAL), sizeof(hello));
}

static int join_and_say_hello(struct room *room, uint32_t nonce)
{
	int fd = join(room);

	say_hello(fd, nonce);
	return fd;
}

/* As recv(2), waiting for the daemon: 0 means that it closed the connection. */
static ssize_t wait_message(struct room *room, int fd, void *data, size_t size)
{
	uint64_t end = clock_ms() + DEADLINE_MS;
	ssize_t got;

	do {
		event_base_loop(room->base, EVLOOP_NONBLOCK);
		got = recv(fd, data, size, 0);
		if (got >= 0 || errno != EAGAIN)
			return got < 0 && errno == ECONNRESET ? 0 : got;
		usleep(200);
	} while (clock_ms() < end);
	fail_msg("no answer in %d ms", DEADLINE_MS);
	return -1;
}

static void expect_welcome(struct room *room, int fd, uint32_t nonce)
{
	struct shunt_welcome welcome;

	assert_int_equal(wait_message(room, fd, &welcome, sizeof(welcome)), sizeof(welcome));
	assert_int_equal(welcome.magic, SHUNT_WELCOME_MAGIC);
	assert_int_equal(welcome.status, SHUNT_STATUS_OK);
	assert_int_equal(welcome.nonce, nonce);
}

static void expect_close(struct room *room, int fd)
{
	char data[SHUNT_MESSAGE_MAX];

	assert_int_equal(wait_message(room, fd, data, sizeof(data)), 0);
	close(fd);
}

/* Nothing, for now: neither an answer nor a close. */
static void expect_silence(struct room *room, int fd)
{
	char data[SHUNT_MESSAGE_MAX];

	turn(room);
	assert_int_equal(recv(fd, data, sizeof(data), 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static unsigned open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* The welcome with what came along. Returns the descriptor or -1. */
static int receive(struct room *room, int fd, struct shunt_welcome *welcome)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec vector = { welcome, sizeof(*welcome) };
	struct msghdr message = { .msg_iov = &vector,
		                  .msg_iovlen = 1,
		                  .msg_control = control.space,
		                  .msg_controllen = sizeof(control.space) };
	uint64_t end = clock_ms() + DEADLINE_MS;
	int table = -1;

	while (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) < 0) {
		assert_int_equal(errno, EAGAIN);
		assert_true(clock_ms() < end);
		turn(room);
	}
	if (CMSG_FIRSTHDR(&message)) {
		assert_int_equal(CMSG_FIRSTHDR(&message)->cmsg_len, CMSG_LEN(sizeof(int)));
		memcpy(&table, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	}
	return table;
}

static const struct clients_counts *counts(const struct room *room)
{
	return clients_counts(room->clients);
}

static void a_hello_gets_the_table(void **state)
{
	struct room *room = *state;
	struct shunt_welcome welcome;
	struct stat ours, theirs;

	for (int settled = 0; settled < 2; settled++) {
		int fd = join_and_say_hello(room, 4711), table;

		room->settled = settled;
		table = receive(room, fd, &welcome);
		assert_true(table >= 0);
		assert_int_equal(fstat(table, &theirs), 0);
		assert_int_equal(fstat(room->table, &ours), 0);
		assert_true(ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev);
		assert_int_equal(welcome.magic, SHUNT_WELCOME_MAGIC);
		assert_int_equal(welcome.size, sizeof(welcome));
		assert_int_equal(welcome.status, SHUNT_STATUS_OK);
		assert_int_equal(welcome.nonce, 4711);
		assert_int_equal(welcome.version, SHUNT_TABLE_VERSION);
		assert_int_equal(welcome.flags, settled ? SHUNT_WELCOME_SETTLED : 0);
		assert_int_equal(welcome.table_size, SHUNT_TABLE_SIZE);
		close(table);
		expect_silence(room, fd);
		assert_int_equal(counts(room)->stages[CLIENTS_HELD], 1);
		close(fd);
		turn(room);
		assert_int_equal(counts(room)->stages[CLIENTS_HELD], 0);
	}
	assert_int_equal(counts(room)->attaches, 2);
}

static void versions_are_compared(void **state)
{
	static const struct {
		uint32_t min, max, status;
	} cases[] = {
		{ 1, 1, SHUNT_STATUS_OK },
		{ 0, UINT32_MAX, SHUNT_STATUS_OK },
		{ SHUNT_TABLE_VERSION, SHUNT_TABLE_VERSION, SHUNT_STATUS_OK },
		{ SHUNT_TABLE_VERSION + 1, SHUNT_TABLE_VERSION + 5, SHUNT_STATUS_VERSION },
		{ 0, SHUNT_TABLE_VERSION_MIN - 1, SHUNT_STATUS_VERSION },
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct shunt_hello hello = { SHUNT_HELLO_MAGIC, sizeof(hello), cases[i].min,
			                     cases[i].max, 9 };
		struct shunt_welcome welcome;
		int fd = join(room), table;

		send(fd, &hello, sizeof(hello), 0);
		table = receive(room, fd, &welcome);
		assert_int_equal(welcome.status, cases[i].status);
		assert_int_equal(welcome.nonce, 9);
		assert_int_equal(table >= 0, cases[i].status == SHUNT_STATUS_OK);
		if (table >= 0)
			close(table);
		close(fd);
	}
	assert_int_equal(counts(room)->attaches, 3);
	assert_int_equal(counts(room)->refusals[CLIENTS_VERSION], 2);
}

static void only_a_hello_is_a_hello(void **state)
{
	static const struct {
		const char *what;
		size_t length;
		uint32_t magic, size, min, max;
		bool good;
	} cases[] = {
		{ "as it should be", 20, SHUNT_HELLO_MAGIC, 20, 1, 1, true },
		{ "of a later version", 24, SHUNT_HELLO_MAGIC, 24, 1, 1, true },
		{ "the longest", 256, SHUNT_HELLO_MAGIC, 256, 1, 1, true },
		{ "with something behind", 24, SHUNT_HELLO_MAGIC, 20, 1, 1, true },
		{ "too long", 257, SHUNT_HELLO_MAGIC, 257, 1, 1, false },
		{ "much too long", 8192, SHUNT_HELLO_MAGIC, 20, 1, 1, false },
		{ "empty", 0, SHUNT_HELLO_MAGIC, 20, 1, 1, false },
		{ "one byte", 1, SHUNT_HELLO_MAGIC, 20, 1, 1, false },
		{ "one byte short", 19, SHUNT_HELLO_MAGIC, 20, 1, 1, false },
		{ "another magic", 20, SHUNT_WELCOME_MAGIC, 20, 1, 1, false },
		{ "says less than we know", 20, SHUNT_HELLO_MAGIC, 19, 1, 1, false },
		{ "says nothing of its size", 20, SHUNT_HELLO_MAGIC, 0, 1, 1, false },
		{ "says more than came", 20, SHUNT_HELLO_MAGIC, 21, 1, 1, false },
		{ "versions upside down", 20, SHUNT_HELLO_MAGIC, 20, 2, 1, false },
	};
	struct room *room = *state;
	unsigned before = open_descriptors();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct shunt_hello hello = { cases[i].magic, cases[i].size, cases[i].min,
			                     cases[i].max, 7 };
		char data[8192] = { 0 };
		int fd = join(room);

		print_message("# %s\n", cases[i].what);
		memcpy(data, &hello, sizeof(hello));
		assert_int_equal(send(fd, data, cases[i].length, 0), cases[i].length);
		if (!cases[i].good) {
			expect_close(room, fd);
			continue;
		}
		expect_welcome(room, fd, 7);
		close(fd);
	}
	turn(room);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(counts(room)->attaches, 4);
	/* But for the empty one, which is as if the client had gone. */
	assert_int_equal(counts(room)->refusals[CLIENTS_RUBBISH], COUNT(cases) - 4 - 1);
}

static void silence_is_closed(void **state)
{
	struct room *room = *state;
	uint64_t start = clock_ms();

	expect_close(room, join(room));
	assert_true(clock_ms() - start >= SHUNT_HELLO_MS - 100);
	assert_int_equal(counts(room)->refusals[CLIENTS_SILENCE], 1);
}

static void without_a_table_it_is_closed(void **state)
{
	struct room *room = *state;
	int table = room->table;

	room->table = -1;
	expect_close(room, join_and_say_hello(room, 1));
	assert_int_equal(counts(room)->refusals[CLIENTS_UNSENT], 1);
	room->table = table;
	table = join_and_say_hello(room, 2);
	expect_welcome(room, table, 2);
	close(table);
}

static void a_second_message_is_closed(void **state)
{
	struct room *room = *state;
	int fd = join_and_say_hello(room, 1);

	expect_welcome(room, fd, 1);
	say_hello(fd, 2);
	expect_close(room, fd);
}

static void fill(struct room *room, int *fds, int count)
{
	for (int i = 0; i < count; i++) {
		fds[i] = join_and_say_hello(room, (uint32_t)i);
		if (i % 32 == 0)
			turn(room);
	}
	turn(room);
}

static void close_all(int *fds, int count)
{
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

static void one_user_waits_in_order(void **state)
{
	struct room *room = *state;
	int fds[HELD + 2];

	fill(room, fds, HELD + 2);
	for (int i = 0; i < HELD; i++)
		expect_welcome(room, fds[i], (uint32_t)i);
	expect_silence(room, fds[HELD]);
	expect_silence(room, fds[HELD + 1]);
	close(fds[5]);
	expect_welcome(room, fds[HELD], HELD);
	expect_silence(room, fds[HELD + 1]);
	close(fds[HELD]);
	expect_welcome(room, fds[HELD + 1], HELD + 1);
	fds[5] = fds[HELD] = dup(room->table);
	close_all(fds, HELD);
	close(fds[HELD + 1]);
}

static void a_crowd_is_turned_away(void **state)
{
	struct room *room = *state;
	int fds[HELD + WAITING], later;

	fill(room, fds, HELD + WAITING);
	expect_silence(room, fds[HELD + WAITING - 1]);
	expect_close(room, join_and_say_hello(room, 9999));
	/* Who goes while it waits leaves its place, in the middle of the queue too. */
	close(fds[HELD + 10]);
	turn(room);
	later = join_and_say_hello(room, 1000);
	expect_silence(room, later);
	expect_close(room, join_and_say_hello(room, 9999));
	assert_int_equal(counts(room)->refusals[CLIENTS_CROWD], 2);
	assert_int_equal(counts(room)->stages[CLIENTS_HELD], HELD);
	assert_int_equal(counts(room)->stages[CLIENTS_WAITING], WAITING);
	fds[HELD + 10] = dup(room->table);
	close_all(fds, HELD + WAITING);
	expect_welcome(room, later, 1000);
	close(later);
}

/* Root is not held up by a user who is. */
static void others_are_served_meanwhile(void **state)
{
	struct room *room = *state;
	int fds[HELD + WAITING], fd;

	if (geteuid() != 0)
		skip();
	fill(room, fds, HELD + WAITING);
	expect_close(room, join_and_say_hello(room, 9999));
	fd = new_socket();
	assert_int_equal(connect(fd, (struct sockaddr *)&room->address, sizeof(room->address)), 0);
	say_hello(fd, 3);
	expect_welcome(room, fd, 3);
	close(fd);
	close_all(fds, HELD + WAITING);
}

/* A descriptor that was not taken stays charged to the daemon: no trick frees the place before the client is gone. */
static void an_unread_welcome_keeps_its_place(void **state)
{
	static const int tricks[] = { SHUT_WR, SHUT_RD, SHUT_RDWR, -1 };
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(tricks) / sizeof(*tricks); i++) {
		int fds[HELD + 1];

		fill(room, fds, HELD + 1);
		for (int j = 0; j < 3; j++) {
			if (tricks[i] >= 0)
				shutdown(fds[j], tricks[i]);
			else
				say_hello(fds[j], 1);
		}
		expect_silence(room, fds[HELD]);
		close(fds[0]);
		expect_welcome(room, fds[HELD], HELD);
		close_all(fds + 1, HELD);
		turn(room);
	}
}

static void nothing_is_left_of_those_who_went(void **state)
{
	struct room *room = *state;
	unsigned before = open_descriptors();
	int fds[HELD];

	for (int i = 0; i < 300; i++) {
		int fd = join(room);

		if (i % 3)
			say_hello(fd, 1);
		if (i % 3 == 1)
			turn(room);
		close(fd);
		if (i % 50 == 0)
			turn(room);
	}
	for (int i = 0; i < 40; i++)
		turn(room);
	assert_int_equal(open_descriptors(), before);
	/* Every place is free. */
	fill(room, fds, HELD);
	for (int i = 0; i < HELD; i++)
		expect_welcome(room, fds[i], (uint32_t)i);
	close_all(fds, HELD);
}

static void descriptors_that_come_along_are_dropped(void **state)
{
	struct room *room = *state;
	struct shunt_hello hello = { SHUNT_HELLO_MAGIC, sizeof(hello), 1, 1, 5 };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec vector = { &hello, sizeof(hello) };
	struct msghdr message = { .msg_iov = &vector,
		                  .msg_iovlen = 1,
		                  .msg_control = control.space,
		                  .msg_controllen = sizeof(control.space) };
	unsigned before = open_descriptors();
	int fd = join(room);

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &room->table, sizeof(int));
	assert_int_equal(sendmsg(fd, &message, 0), sizeof(hello));
	expect_welcome(room, fd, 5);
	/* Ours and the daemon's end of the connection, and no more. */
	assert_int_equal(open_descriptors(), before + 2);
	close(fd);
}

/* Lets the process open no further descriptor. Returns the limit to restore. */
static struct rlimit exhaust(void)
{
	struct rlimit old, none;
	int next = dup(0);

	assert_true(next >= 0);
	close(next);
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(dup(0), -1);
	return old;
}

static void out_of_descriptors_clients_are_still_served(void **state)
{
	struct room *room = *state;
	int first = new_socket(), second = new_socket(), third = new_socket();
	struct rlimit old = exhaust();

	/* One that stays, one that says nothing, and one that wants the table. */
	connect_as_nobody(room, first);
	say_hello(first, 1);
	connect_as_nobody(room, second);
	connect_as_nobody(room, third);
	say_hello(third, 3);
	expect_welcome(room, first, 1);
	expect_welcome(room, third, 3);
	expect_close(room, first);
	expect_close(room, second);
	setrlimit(RLIMIT_NOFILE, &old);
	close(third);
	turn(room);
	/* The reserve is back. */
	first = new_socket();
	old = exhaust();
	connect_as_nobody(room, first);
	say_hello(first, 4);
	expect_welcome(room, first, 4);
	close(first);
	setrlimit(RLIMIT_NOFILE, &old);
}

static uint64_t cpu_us(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
}

/* Descriptors have run out, and a client waits that cannot be accepted: the loop must not spin meanwhile. */
static void out_of_descriptors_the_loop_rests(void **state)
{
	struct room *room = *state;
	int first = new_socket(), second = new_socket();
	struct rlimit old = exhaust();
	struct timeval wait = { 0, 80000 };
	uint64_t start, used;

	connect_as_nobody(room, first);
	connect_as_nobody(room, second);
	start = clock_us();
	used = cpu_us();
	event_base_loopexit(room->base, &wait);
	event_base_dispatch(room->base);
	assert_true(cpu_us() - used < (clock_us() - start) / 4);
	setrlimit(RLIMIT_NOFILE, &old);
	close(first);
	close(second);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_hello_gets_the_table),
		TEST(versions_are_compared),
		TEST(only_a_hello_is_a_hello),
		TEST(silence_is_closed),
		TEST(without_a_table_it_is_closed),
		TEST(a_second_message_is_closed),
		TEST(one_user_waits_in_order),
		TEST(a_crowd_is_turned_away),
		TEST(others_are_served_meanwhile),
		TEST(an_unread_welcome_keeps_its_place),
		TEST(nothing_is_left_of_those_who_went),
		TEST(descriptors_that_come_along_are_dropped),
		TEST(out_of_descriptors_clients_are_still_served),
		TEST(out_of_descriptors_the_loop_rests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
