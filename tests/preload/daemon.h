/*
 * A small stand-in for shuntd, for the tests that run under the shim: the real writer of tables
 * behind a client socket, in a process of its own, that does what it is told.
 *
 * Each case runs in a child (in_child), since the shim attaches once for a process. A child reports
 * by CHECK and exits.
 */
#ifndef SHUNT_TESTS_DAEMON_H
#define SHUNT_TESTS_DAEMON_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/address.h"
#include "daemon/publish.h"
#include "shunt/protocol.h"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, #condition);          \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

#define FAKE_CONTENT 65536 /* bytes; more than the table of these tests takes */

enum fake_order {
	FAKE_QUIT,
	FAKE_ANSWER,  /* value: k; the addresses end in 10 + k from now on */
	FAKE_REPLACE, /* value: k, in a new table; the old one is superseded */
	FAKE_RESTART, /* the same, but the old one is left alone after one more beat, as if killed */
	FAKE_LOCALHOST, /* value: what localhost answers, from the next FAKE_ANSWER on */
	FAKE_SUPERSEDE, /* marks the table, and has no other yet */
	FAKE_SETTLED,   /* value: what welcomes say */
	FAKE_BEAT,      /* value: 0 stops the heartbeat */
	FAKE_MUTE,      /* value: 1: accepts, and says nothing */
	FAKE_WELCOME,   /* value: enum fake_lie */
	FAKE_DAMAGE,    /* hands out copies of the table from now on that FAKE_POKE changes */
	FAKE_POKE,      /* offset, value: a word of the copy */
	FAKE_HALF,      /* value: 1: the sequence of every record of the copy is odd; 0: even */
	FAKE_ORDERS
};

enum fake_lie {
	LIE_NONE,
	LIE_MAGIC,
	LIE_NONCE,
	LIE_VERSION,
	LIE_STATUS,
	LIE_SHORT,
	LIE_SIZE,
	LIE_LONG,
	LIE_TABLE_SIZE,
	LIE_NO_FD,
	LIE_TWO_FDS,
	LIE_UNSEALED,
	LIE_SMALL,
	LIE_NO_TABLE,
	LIE_HANGUP,
	LIE_PIPE,
	LIES
};

struct fake_command {
	uint32_t order, offset, value;
};

struct fake {
	pid_t pid;
	int commands, replies;
	char path[108];
};

/* --- the table -----------------------------------------------------------------------------------
 */

/*
 * web.example.com (alias WWW): endpoint k has 192.0.2.(10 + k) and 2001:db8::(10 + k).
 * only4.example.com and only6.example.com: one family. local.example.com: ::1 and, with a zone,
 * fe80::5%7. dns.example.com, fail.example.com: those answers. void.example.com: an endpoint
 * without addresses. localhost: as web.example.com, or as FAKE_LOCALHOST says. Libc knows it too,
 * so it shows whether a name was passed on.
 */
static const char *const fake_aliases[] = { "WWW" };
static const char *const fake_names[] = { "Web.example.com",   "only4.example.com",
	                                  "only6.example.com", "local.example.com",
	                                  "dns.example.com",   "fail.example.com",
	                                  "void.example.com",  "localhost" };
enum fake_record {
	FAKE_WEB,
	FAKE_ONLY4,
	FAKE_ONLY6,
	FAKE_LOCAL,
	FAKE_DNS,
	FAKE_FAIL,
	FAKE_VOID,
	FAKE_HOST,
	FAKE_RECORDS
};

static inline struct address fake_address(const char *text)
{
	struct address address = { .family = SHUNT_FAMILY_IPV4 };

	if (inet_pton(AF_INET, text, address.byte) != 1) {
		address.family = SHUNT_FAMILY_IPV6;
		CHECK(inet_pton(AF_INET6, text, address.byte) == 1);
	}
	return address;
}

static inline struct publish *fake_table(uint32_t stale_limit)
{
	static struct record_config records[FAKE_RECORDS];
	static const struct source sources[2]; /* two literals: room for two addresses */
	struct config config = { .records = records,
		                 .record_count = FAKE_RECORDS,
		                 .stale_limit = stale_limit };

	for (size_t i = 0; i < FAKE_RECORDS; i++) {
		records[i] = (struct record_config){ .name = fake_names[i], .endpoint_count = 2 };
		for (size_t j = 0; j < 2; j++) {
			records[i].endpoints[j].sources = sources;
			records[i].endpoints[j].source_count = 2;
			snprintf(records[i].endpoints[j].id, sizeof(records[i].endpoints[j].id),
			         "e-%zu", j);
		}
	}
	records[FAKE_WEB].aliases = fake_aliases;
	records[FAKE_WEB].alias_count = 1;
	return publish_new(&config);
}

static inline void fake_endpoint(struct publish_endpoint *endpoint, size_t record, unsigned k)
{
	char text[64];

	memset(endpoint, 0, sizeof(*endpoint));
	if (record == FAKE_LOCAL) {
		endpoint->addresses[0] = fake_address("::1");
		endpoint->addresses[1] = fake_address("fe80::5");
		endpoint->addresses[1].scope_id = 7;
		endpoint->count = 2;
	}
	if (record == FAKE_WEB || record == FAKE_HOST || record == FAKE_ONLY4) {
		snprintf(text, sizeof(text), "192.0.2.%u", 10 + k);
		endpoint->addresses[endpoint->count++] = fake_address(text);
	}
	if (record == FAKE_WEB || record == FAKE_HOST || record == FAKE_ONLY6) {
		snprintf(text, sizeof(text), "2001:db8::%u", 10 + k);
		endpoint->addresses[endpoint->count++] = fake_address(text);
	}
	endpoint->answer[0] = endpoint->answer[1] = true;
}

static int fake_localhost; /* the answer of that record; the daemon's process alone uses it */

static inline int fake_answer(size_t record)
{
	static const int answers[FAKE_RECORDS] = {
		[FAKE_DNS] = ELECTION_DNS, [FAKE_FAIL] = ELECTION_FAIL
	};

	return record == FAKE_HOST ? fake_localhost : answers[record];
}

static inline void fake_publish(struct publish *table, unsigned k)
{
	for (size_t i = 0; i < FAKE_RECORDS; i++) {
		struct publish_endpoint endpoints[2];

		fake_endpoint(&endpoints[0], i, k);
		fake_endpoint(&endpoints[1], i, k);
		publish_record(table, i, fake_answer(i), endpoints, 2);
	}
}

/* --- the daemon ----------------------------------------------------------------------------------
 */

struct fake_state {
	struct publish *table;
	uint32_t stale_limit;
	bool beating, settled, mute;
	enum fake_lie lie;
	int copy_fd; /* FAKE_DAMAGE; -1: none */
	uint32_t *copy;
	uint32_t copies;
	int clients[256];
	size_t client_count;
};

static inline int fake_memfd(size_t size, const void *content, uint32_t **writable, bool seal)
{
	int fd = memfd_create("fake", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *base;

	CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(base != MAP_FAILED);
	if (content)
		memcpy(base, content, FAKE_CONTENT);
	if (seal)
		CHECK(fcntl(fd, F_ADD_SEALS, SHUNT_TABLE_SEALS) == 0);
	if (writable)
		*writable = base;
	else
		munmap(base, size);
	return fd;
}

static inline void fake_copy(struct fake_state *state)
{
	void *content =
	        mmap(NULL, FAKE_CONTENT, PROT_READ, MAP_SHARED, publish_fd(state->table), 0);

	CHECK(content != MAP_FAILED);
	if (state->copy_fd >= 0) {
		close(state->copy_fd);
		munmap(state->copy, SHUNT_TABLE_SIZE);
	}
	state->copy_fd = fake_memfd(SHUNT_TABLE_SIZE, content, &state->copy, true);
	state->copy[2] += ++state->copies; /* another table, another id */
	munmap(content, FAKE_CONTENT);
}

static inline void fake_half(struct fake_state *state, uint32_t odd)
{
	const struct shunt_table_header *header = (void *)state->copy;
	const struct shunt_slot *slots = (void *)((char *)state->copy + header->index_offset);

	for (uint32_t i = 0; i < header->index_slots; i++) {
		const struct shunt_name *name = (void *)((char *)state->copy + slots[i].name);
		struct shunt_record *record = (void *)((char *)state->copy + name->record);

		if (slots[i].name)
			__atomic_store_n(&record->sequence, 2 + odd, __ATOMIC_RELEASE);
	}
}

static inline void fake_send(int client, void *bytes, size_t size, const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, count * sizeof(int));
	}
	sendmsg(client, &message, MSG_NOSIGNAL);
}

static inline void fake_greet(struct fake_state *state, int client)
{
	struct shunt_hello hello;
	struct shunt_welcome welcome = { .magic = SHUNT_WELCOME_MAGIC,
		                         .size = sizeof(welcome),
		                         .version = SHUNT_TABLE_VERSION,
		                         .flags = state->settled ? SHUNT_WELCOME_SETTLED : 0,
		                         .table_size = SHUNT_TABLE_SIZE };
	int fds[2] = { state->copy_fd >= 0 ? state->copy_fd : publish_fd(state->table), -1 };
	char message[2 * SHUNT_MESSAGE_MAX] = { 0 };
	size_t size = sizeof(welcome), count = 1;
	void *content;
	int made = -1;

	if (recv(client, &hello, sizeof(hello), 0) != (ssize_t)sizeof(hello) ||
	    state->lie == LIE_HANGUP)
		return;
	welcome.nonce = hello.nonce;
	content = mmap(NULL, FAKE_CONTENT, PROT_READ, MAP_SHARED, publish_fd(state->table), 0);
	CHECK(content != MAP_FAILED);
	switch (state->lie) {
	case LIE_MAGIC: welcome.magic++; break;
	case LIE_NONCE: welcome.nonce++; break;
	case LIE_VERSION: welcome.version++; break;
	case LIE_STATUS: welcome.status = SHUNT_STATUS_VERSION; break;
	case LIE_SHORT: size -= 4; break;
	case LIE_SIZE: welcome.size += 4; break;
	case LIE_LONG: size = SHUNT_MESSAGE_MAX + 4; break;
	case LIE_TABLE_SIZE: welcome.table_size /= 2; break;
	case LIE_NO_FD: count = 0; break;
	case LIE_TWO_FDS: fds[1] = fds[0], count = 2; break;
	case LIE_UNSEALED: made = fake_memfd(SHUNT_TABLE_SIZE, content, NULL, false); break;
	case LIE_SMALL: made = fake_memfd(FAKE_CONTENT, content, NULL, true); break;
	case LIE_NO_TABLE: made = fake_memfd(SHUNT_TABLE_SIZE, NULL, NULL, true); break;
	case LIE_PIPE: made = dup(STDERR_FILENO); break;
	default: break;
	}
	if (made >= 0)
		fds[0] = made;
	memcpy(message, &welcome, sizeof(welcome));
	fake_send(client, message, size, fds, count);
	munmap(content, FAKE_CONTENT);
	if (made >= 0)
		close(made);
}

static inline void fake_obey(struct fake_state *state, const struct fake_command *command)
{
	struct publish *old = state->table;

	switch ((enum fake_order)command->order) {
	case FAKE_QUIT: _exit(0);
	case FAKE_ANSWER: fake_publish(state->table, command->value); break;
	case FAKE_REPLACE:
		state->table = fake_table(state->stale_limit);
		fake_publish(state->table, command->value);
		if (state->settled)
			publish_settle(state->table);
		publish_supersede(old);
		publish_free(old);
		if (state->copy_fd >= 0)
			fake_copy(state);
		break;
	case FAKE_RESTART:
		state->table = fake_table(state->stale_limit);
		fake_publish(state->table, command->value);
		publish_settle(state->table);
		publish_heartbeat(old);
		publish_free(old);
		break;
	case FAKE_LOCALHOST: fake_localhost = (int)command->value; break;
	case FAKE_SUPERSEDE: publish_supersede(old); break;
	case FAKE_SETTLED: state->settled = command->value; break;
	case FAKE_BEAT: state->beating = command->value; break;
	case FAKE_MUTE: state->mute = command->value; break;
	case FAKE_WELCOME: state->lie = (enum fake_lie)command->value; break;
	case FAKE_DAMAGE: fake_copy(state); break;
	case FAKE_POKE:
		__atomic_store_n(&state->copy[command->offset / 4], command->value,
		                 __ATOMIC_RELAXED);
		break;
	case FAKE_HALF: fake_half(state, command->value); break;
	case FAKE_ORDERS: break;
	}
}

static inline void fake_client(struct fake_state *state, int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return;
	if (!state->mute && poll(&wait, 1, 1000) == 1)
		fake_greet(state, fd);
	if (!state->mute || state->client_count == 256)
		close(fd);
	else
		state->clients[state->client_count++] = fd;
}

_Noreturn static inline void fake_loop(struct fake_state *state, int listening, int commands,
                                       int replies)
{
	for (;;) {
		struct pollfd fds[2] = { { .fd = listening, .events = POLLIN },
			                 { .fd = commands, .events = POLLIN } };
		struct fake_command command;

		if (poll(fds, 2, 50) == 0 && state->beating)
			publish_heartbeat(state->table);
		if (fds[1].revents) {
			if (read(commands, &command, sizeof(command)) != sizeof(command))
				_exit(0);
			fake_obey(state, &command);
			CHECK(write(replies, "", 1) == 1);
		}
		if (fds[0].revents & POLLIN)
			fake_client(state, accept4(listening, NULL, NULL, SOCK_CLOEXEC));
	}
}

/* The socket of the case that runs; the path is in SHUNT_SOCKET for the child. */
static inline void fake_path(char path[108])
{
	snprintf(path, 108, "%s/shunt-test-%d.sock", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp",
	         (int)getpid());
	setenv("SHUNT_SOCKET", path, 1);
}

static inline struct fake fake_start(uint32_t stale_limit)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fake_state state = {
		.stale_limit = stale_limit, .beating = true, .settled = true, .copy_fd = -1
	};
	struct fake fake;
	int commands[2], replies[2];
	int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	fake_path(fake.path);
	memcpy(address.sun_path, fake.path, sizeof(fake.path));
	unlink(fake.path);
	assert_return_code(bind(listening, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(listen(listening, 64), errno);
	assert_return_code(pipe2(commands, O_CLOEXEC), errno);
	assert_return_code(pipe2(replies, O_CLOEXEC), errno);
	fake.pid = fork();
	assert_return_code(fake.pid, errno);
	if (fake.pid == 0) {
		close(commands[1]);
		state.table = fake_table(stale_limit);
		CHECK(state.table);
		fake_publish(state.table, 0);
		publish_settle(state.table);
		fake_loop(&state, listening, commands[0], replies[1]);
	}
	close(listening);
	close(commands[0]);
	close(replies[1]);
	fake.commands = commands[1];
	fake.replies = replies[0];
	return fake;
}

static inline void fake_do(const struct fake *fake, enum fake_order order, uint32_t offset,
                           uint32_t value)
{
	struct fake_command command = { .order = order, .offset = offset, .value = value };
	char reply;

	CHECK(write(fake->commands, &command, sizeof(command)) == sizeof(command));
	CHECK(read(fake->replies, &reply, 1) == 1);
}

static inline void fake_stop(struct fake *fake)
{
	int status;

	close(fake->commands);
	close(fake->replies);
	kill(fake->pid, SIGCONT);
	kill(fake->pid, SIGKILL);
	waitpid(fake->pid, &status, 0);
	unlink(fake->path);
}

/* What is passed on must not leave this host: a network namespace without one, where we may have
 * it. */
static inline void isolate(void)
{
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		fprintf(stderr,
		        "# no network namespace: some names are asked of this host's DNS\n");
}

/* --- cases ---------------------------------------------------------------------------------------
 */

/* Runs the case in a process of its own, whose shim has not attached yet. */
static inline void in_child(void (*run)(const struct fake *), const struct fake *fake)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		run(fake);
		exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static inline void with_fake_of(uint32_t stale_limit, void (*run)(const struct fake *))
{
	struct fake fake = fake_start(stale_limit);
	int status = -1;
	pid_t pid;

	/* As in_child, but the daemon goes away before anything is asserted. */
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		run(&fake);
		exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	fake_stop(&fake);
	assert_int_equal(status, 0);
}

static inline void with_fake(void (*run)(const struct fake *))
{
	with_fake_of(600000, run);
}

/* "192.0.2.10 2001:db8::10", or "EAI -2". The text is the caller's. */
static inline const char *resolve_with(const char *name, const char *service,
                                       const struct addrinfo *hints, char text[512])
{
	struct addrinfo *list = NULL;
	int error = getaddrinfo(name, service, hints, &list);
	size_t n = 0;

	if (error) {
		snprintf(text, 512, "EAI %d", error);
		return text;
	}
	*text = '\0';
	for (struct addrinfo *a = list; a; a = a->ai_next) {
		char address[INET6_ADDRSTRLEN];
		const void *bytes =
		        a->ai_family == AF_INET
		                ? (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
		                : (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr;

		inet_ntop(a->ai_family, bytes, address, sizeof(address));
		n += (size_t)snprintf(text + n, 512 - n, "%s%s", n ? " " : "", address);
	}
	freeaddrinfo(list);
	return text;
}

static inline const char *resolve_stream(const char *name, char text[512])
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };

	return resolve_with(name, NULL, &hints, text);
}

#define CHECK_ANSWER(name, expected)                                                               \
	do {                                                                                       \
		char text_[512];                                                                   \
		const char *got_ = resolve_stream(name, text_);                                    \
		if (strcmp(got_, expected) != 0) {                                                 \
			fprintf(stderr, "# %s:%d: %s: %s instead of %s\n", __FILE__, __LINE__,     \
			        name, got_, expected);                                             \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

#define ANSWER(k) "192.0.2.1" #k " 2001:db8::1" #k

static inline bool is_passed(const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_INET };
	char text[512];

	return strncmp(resolve_with(name, NULL, &hints, text), "127.0.0.1", 9) == 0;
}

static inline int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* Waits until the condition holds; fails after `seconds`. */
#define CHECK_SOON(condition, seconds)                                                             \
	do {                                                                                       \
		int64_t end_ = now_ms() + (seconds)*1000;                                          \
		while (!(condition)) {                                                             \
			CHECK(now_ms() < end_ || !"in time: " #condition);                         \
			pause_ms(20);                                                              \
		}                                                                                  \
	} while (0)

static inline int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 3; /* ".", ".." and the folder's own */
}

/* Mappings of a memfd named `shunt` or `fake`. */
static inline int count_tables(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int count = 0;

	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, "/memfd:shunt") || strstr(line, "/memfd:fake");
	fclose(maps);
	return count;
}

#endif
