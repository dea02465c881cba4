/*
 * A small stand-in for shuntd, for the tests that run under the shim: the real writer of tables behind a
 * client socket, that does what orders.h says.
 *
 *   fake PATH CHANNEL    the client socket, and the descriptor that orders come by; ends with it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/address.h"
#include "daemon/publish/publish.h"
#include "orders.h"
#include "shunt/protocol.h"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "# %s:%d: %s (%s)\n", __FILE__, __LINE__, #condition,      \
			        strerror(errno));                                                  \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

#define FAKE_CONTENT 65536 /* bytes; more than the table of these tests takes */
#define FAKE_CLIENTS 256
#define FAKE_BEAT_MS 50 /* tests do not wait for long */

/* --- the table -----------------------------------------------------------------------------------
 */

/*
 * web.example.com (and its aliases): endpoint k has 192.0.2.(10 + k) and 2001:db8::(10 + k).
 * only4.example.com and only6.example.com: one family. local.example.com: ::1 and, with a zone,
 * fe80::5%7. dns.example.com, fail.example.com: those answers. void.example.com: an endpoint
 * without addresses. retry.example.com and redirect.example.com: addresses of this host, see orders.h.
 * localhost: as web.example.com, or as FAKE_LOCALHOST says. Libc knows it too,
 * so it shows whether a name was passed on.
 */
static const char *const fake_aliases[] = { "WWW", "web1", "192.0.2.1.example.com" };
static const char *const fake_names[] = { "Web.example.com",   "only4.example.com",
	                                  "only6.example.com", "local.example.com",
	                                  "dns.example.com",   "fail.example.com",
	                                  "void.example.com",  "localhost",
	                                  "retry.example.com", "redirect.example.com" };
enum fake_record {
	FAKE_WEB,
	FAKE_ONLY4,
	FAKE_ONLY6,
	FAKE_LOCAL,
	FAKE_DNS,
	FAKE_FAIL,
	FAKE_VOID,
	FAKE_HOST,
	FAKE_RETRY,
	FAKE_REDIRECT,
	FAKE_RECORDS
};

static struct address fake_address(const char *text)
{
	struct address address = { .family = SHUNT_FAMILY_IPV4 };

	if (inet_pton(AF_INET, text, address.byte) != 1) {
		address.family = SHUNT_FAMILY_IPV6;
		CHECK(inet_pton(AF_INET6, text, address.byte) == 1);
	}
	return address;
}

static struct publish *fake_table(uint32_t stale_limit)
{
	static struct record_config records[FAKE_RECORDS];
	static const struct source sources[2]; /* two literals: room for two addresses */
	static const struct endpoint_config endpoints[2] = {
		{ .id = "e-0", .sources = sources, .source_count = 2 },
		{ .id = "e-1", .sources = sources, .source_count = 2 },
	};
	struct config config = { .records = records,
		                 .record_count = FAKE_RECORDS,
		                 .stale_limit = stale_limit };

	for (size_t i = 0; i < FAKE_RECORDS; i++)
		records[i] = (struct record_config){ .name = fake_names[i],
			                             .endpoints = endpoints,
			                             .endpoint_count = 2 };
	records[FAKE_RETRY].connect = CONNECT_RETRY;
	records[FAKE_REDIRECT].connect = CONNECT_REDIRECT;
	records[FAKE_WEB].aliases = fake_aliases;
	records[FAKE_WEB].alias_count = sizeof(fake_aliases) / sizeof(fake_aliases[0]);
	return publish_new(&config);
}

static void fake_endpoint(struct publish_endpoint *endpoint, size_t record, unsigned k)
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
	endpoint->flags[0] = endpoint->flags[1] = SHUNT_ADDRESS_ANSWER;
}

/* What FAKE_ROUTE says. */
static int fake_route_answer;
static uint32_t fake_route_flags[2];

static void fake_route(uint32_t value)
{
	fake_route_answer = (int)(value & 0xff);
	fake_route_flags[0] = value >> 8 & 0xff;
	fake_route_flags[1] = value >> 16 & 0xff;
}

static void fake_route_publish(struct publish *table)
{
	struct publish_endpoint endpoints[2];

	for (unsigned i = 0; i < 2; i++) {
		endpoints[i] = (struct publish_endpoint){
			.addresses = { fake_address(i ? FAKE_SECOND4 : FAKE_FIRST4),
			               fake_address(i ? FAKE_SECOND6 : FAKE_FIRST6) },
			.flags = { fake_route_flags[i], fake_route_flags[i] },
			.count = 2,
		};
	}
	publish_record(table, FAKE_RETRY, fake_route_answer, endpoints, 2);
	publish_record(table, FAKE_REDIRECT, fake_route_answer, endpoints, 2);
}

static int fake_localhost; /* the answer of that record; the daemon's process alone uses it */

static int fake_answer(size_t record)
{
	static const int answers[FAKE_RECORDS] = {
		[FAKE_DNS] = ELECTION_DNS, [FAKE_FAIL] = ELECTION_FAIL
	};

	return record == FAKE_HOST ? fake_localhost : answers[record];
}

static void fake_publish(struct publish *table, unsigned k)
{
	for (size_t i = 0; i < FAKE_RETRY; i++) {
		struct publish_endpoint endpoints[2];

		fake_endpoint(&endpoints[0], i, k);
		fake_endpoint(&endpoints[1], i, k);
		publish_record(table, i, fake_answer(i), endpoints, 2);
	}
	fake_route_publish(table);
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
	uint32_t copies, asked;
	int64_t next_beat;
	int listening, channel;
	int clients[FAKE_CLIENTS];
	size_t client_count;
};

static int fake_memfd(size_t size, const void *content, uint32_t **writable, bool seal)
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

/* What the table holds now, as a mapping of FAKE_CONTENT bytes. */
static void *fake_content(const struct fake_state *state)
{
	void *content =
	        mmap(NULL, FAKE_CONTENT, PROT_READ, MAP_SHARED, publish_fd(state->table), 0);

	CHECK(content != MAP_FAILED);
	return content;
}

static void fake_drop_copy(struct fake_state *state)
{
	if (state->copy_fd < 0)
		return;
	close(state->copy_fd);
	munmap(state->copy, SHUNT_TABLE_SIZE);
	state->copy_fd = -1;
}

static void fake_copy(struct fake_state *state)
{
	void *content = fake_content(state);

	fake_drop_copy(state);
	state->copy_fd = fake_memfd(SHUNT_TABLE_SIZE, content, &state->copy, true);
	state->copy[2] += ++state->copies; /* another table, another id */
	munmap(content, FAKE_CONTENT);
}

static void fake_half(struct fake_state *state, uint32_t odd)
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

static void fake_send(int client, void *bytes, size_t size, const int *fds, size_t count)
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

/* A welcome as `lie` has it; the memfd that it needs, or -1. */
static int fake_twist(enum fake_lie lie, const void *content, struct shunt_welcome *welcome,
                      size_t *size)
{
	switch (lie) {
	case LIE_MAGIC: welcome->magic++; break;
	case LIE_NONCE: welcome->nonce++; break;
	case LIE_VERSION: welcome->version++; break;
	case LIE_STATUS: welcome->status = SHUNT_STATUS_VERSION; break;
	case LIE_SHORT: *size -= 4; break;
	case LIE_SIZE: welcome->size += 4; break;
	case LIE_LONG: *size = SHUNT_MESSAGE_MAX + 4; break;
	case LIE_TABLE_SIZE: welcome->table_size /= 2; break;
	case LIE_UNSEALED: return fake_memfd(SHUNT_TABLE_SIZE, content, NULL, false);
	case LIE_SMALL: return fake_memfd(FAKE_CONTENT, content, NULL, true);
	case LIE_NO_TABLE: return fake_memfd(SHUNT_TABLE_SIZE, NULL, NULL, true);
	case LIE_PIPE: return dup(STDERR_FILENO);
	default: break;
	}
	return -1;
}

static void fake_welcome(struct fake_state *state, int client, uint32_t nonce)
{
	struct shunt_welcome welcome = { .magic = SHUNT_WELCOME_MAGIC,
		                         .size = sizeof(welcome),
		                         .nonce = nonce,
		                         .version = SHUNT_TABLE_VERSION,
		                         .flags = state->settled ? SHUNT_WELCOME_SETTLED : 0,
		                         .table_size = SHUNT_TABLE_SIZE };
	int table = state->copy_fd >= 0 ? state->copy_fd : publish_fd(state->table);
	void *content = fake_content(state);
	char message[2 * SHUNT_MESSAGE_MAX] = { 0 };
	size_t size = sizeof(welcome);
	size_t count = state->lie == LIE_NO_FD ? 0 : state->lie == LIE_TWO_FDS ? 2 : 1;
	int made = fake_twist(state->lie, content, &welcome, &size);
	int fds[2] = { made >= 0 ? made : table, table };

	memcpy(message, &welcome, sizeof(welcome));
	fake_send(client, message, size, fds, count);
	munmap(content, FAKE_CONTENT);
	if (made >= 0)
		close(made);
}

static void fake_forget(struct fake_state *state, size_t i)
{
	close(state->clients[i]);
	state->clients[i] = state->clients[--state->client_count];
}

/* Its hello, or its end. */
static void fake_hear(struct fake_state *state, size_t i)
{
	struct shunt_hello hello;
	int client = state->clients[i];

	if (recv(client, &hello, sizeof(hello), MSG_DONTWAIT) != (ssize_t)sizeof(hello) ||
	    state->lie == LIE_HANGUP)
		fake_forget(state, i);
	else
		fake_welcome(state, client, hello.nonce);
}

static void fake_accept(struct fake_state *state)
{
	int client;

	while ((client = accept4(state->listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		state->asked++;
		if (state->client_count == FAKE_CLIENTS)
			close(client);
		else
			state->clients[state->client_count++] = client;
	}
}

static void fake_new_table(struct fake_state *state, uint32_t k)
{
	state->table = fake_table(state->stale_limit);
	CHECK(state->table);
	fake_publish(state->table, k);
	if (state->settled)
		publish_settle(state->table);
}

static void fake_reset(struct fake_state *state, uint32_t stale_limit)
{
	fake_drop_copy(state);
	if (state->table)
		publish_free(state->table);
	while (state->client_count)
		fake_forget(state, 0);
	fake_localhost = 0;
	fake_route(FAKE_ROUTE_HEALTHY);
	state->stale_limit = stale_limit;
	state->beating = state->settled = true;
	state->mute = false;
	state->lie = LIE_NONE;
	fake_new_table(state, 0);
}

static void fake_replace(struct fake_state *state, uint32_t k, void (*leave)(struct publish *))
{
	struct publish *old = state->table;

	fake_new_table(state, k);
	leave(old);
	publish_free(old);
	if (state->copy_fd < 0)
		return;
	/* Who has the copy must learn it too, whatever has become of its words. */
	__atomic_fetch_or(&state->copy[offsetof(struct shunt_table_header, state) / 4],
	                  SHUNT_STATE_SUPERSEDED, __ATOMIC_RELEASE);
	fake_copy(state);
}

static void fake_obey(struct fake_state *state, const struct fake_command *command)
{
	uint32_t value = command->value;

	switch ((enum fake_order)command->order) {
	case FAKE_RESET: fake_reset(state, value); break;
	case FAKE_ANSWER: fake_publish(state->table, value); break;
	case FAKE_REPLACE: fake_replace(state, value, publish_supersede); break;
	case FAKE_RESTART: fake_replace(state, value, publish_heartbeat); break;
	case FAKE_LOCALHOST: fake_localhost = (int)value; break;
	case FAKE_SUPERSEDE: publish_supersede(state->table); break;
	case FAKE_SETTLED: state->settled = value; break;
	case FAKE_BEAT: state->beating = value; break;
	case FAKE_MUTE: state->mute = value; break;
	case FAKE_WELCOME: state->lie = (enum fake_lie)value; break;
	case FAKE_DAMAGE: fake_copy(state); break;
	case FAKE_POKE:
		__atomic_store_n(&state->copy[command->offset / 4], value, __ATOMIC_RELAXED);
		break;
	case FAKE_HALF: fake_half(state, value); break;
	case FAKE_ROUTE:
		fake_route(value);
		fake_route_publish(state->table);
		break;
	case FAKE_ASKED:
	case FAKE_ORDERS: break;
	}
}

static void fake_take_order(struct fake_state *state)
{
	struct fake_command command;

	if (recv(state->channel, &command, sizeof(command), 0) != (ssize_t)sizeof(command))
		exit(0);
	fake_obey(state, &command);
	if (send(state->channel, &state->asked, sizeof(state->asked), MSG_NOSIGNAL) < 0)
		exit(0);
}

/* Milliseconds until the next beat. A machine that stood still is given one, not all that it missed. */
static int fake_beat(struct fake_state *state)
{
	struct timespec time;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &time);
	now = (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
	if (now >= state->next_beat) {
		state->next_beat = now + FAKE_BEAT_MS;
		if (state->beating && state->table)
			publish_heartbeat(state->table);
	}
	return (int)(state->next_beat - now);
}

/* All at once: no client that says nothing keeps another one waiting. */
static void fake_turn(struct fake_state *state)
{
	struct pollfd fds[2 + FAKE_CLIENTS] = { { .fd = state->listening, .events = POLLIN },
		                                { .fd = state->channel, .events = POLLIN } };
	size_t count = state->client_count;

	for (size_t i = 0; i < count; i++)
		fds[2 + i] = (struct pollfd){ .fd = state->clients[i],
			                      .events = state->mute ? 0 : POLLIN };
	if (poll(fds, 2 + count, fake_beat(state)) <= 0)
		return;
	/* From the last one on: who goes is replaced by one that has had its turn. */
	for (size_t i = count; i-- > 0;) {
		if (state->mute && fds[2 + i].revents)
			fake_forget(state, i);
		else if (fds[2 + i].revents)
			fake_hear(state, i);
	}
	/* Who connected before an order is counted before its reply. */
	fake_accept(state);
	if (fds[1].revents)
		fake_take_order(state);
}

int main(int argc, char **argv)
{
	static struct fake_state state = { .copy_fd = -1 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	CHECK(argc == 3 && strlen(argv[1]) < sizeof(address.sun_path));
	memcpy(address.sun_path, argv[1], strlen(argv[1]));
	state.channel = (int)strtol(argv[2], NULL, 10);
	state.listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(argv[1]);
	CHECK(bind(state.listening, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(listen(state.listening, 64) == 0);
	for (;;)
		fake_turn(&state);
}
