/*
 * What goes between shuntd and shunt-door, as each side reads it; for libFuzzer and for the replay in
 * tests/unit/fuzz.
 *
 * Input: a byte, even for requests to the helper, odd for replies to the daemon; then packets: a byte
 * for their kind, the size in two bytes, and so many bytes, which zeros follow up to the size of a
 * packet. Of the kind 0 is a packet of just that size.
 */
#include <event2/event.h>
#include <sys/socket.h>

#include "config/config.h"
#include "door/door.h"
#include "event/event.h"
#include "tests/fuzz/bytes.h"
#include "tests/fuzz/peer.h"

/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "helper/door/answers.c"
#include "helper/door/serve.c"
/* NOLINTEND(bugprone-suspicious-include) */

#define SENT_MAX 64

static struct {
	uint8_t bytes[sizeof(struct shunt_door_request)];
	size_t size;
} sent; /* the last packet */

/* Returns false if there is none left, or the other side has closed the connection. */
static bool send_packet(struct bytes *bytes, size_t whole)
{
	const bool cut = bytes_number(bytes) == 0;
	size_t size = bytes_number(bytes);

	size |= (size_t)bytes_number(bytes) << 8;
	if (bytes->size == 0 || size == 0)
		return false;
	size = size < bytes->size ? size : bytes->size;
	size = size < sizeof(sent.bytes) ? size : sizeof(sent.bytes);
	memset(sent.bytes, 0, sizeof(sent.bytes));
	memcpy(sent.bytes, bytes->data, size);
	bytes->data += size;
	bytes->size -= size;
	sent.size = cut ? size : whole;
	return send(peer_end, sent.bytes, sent.size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)sent.size;
}

/* --- the helper, in place of its configuration and of the kernel -------------------------------- */

struct allow {
	char none;
};
struct kernel {
	size_t put;
};

static struct kernel map;

/* 192.0.2.1 and 192.0.2.2, port 80; 2001:db8::1 and 2001:db8::2, port 443. */
static bool is_allowed(const struct address *address, uint16_t port)
{
	static const uint8_t four[4] = { 192, 0, 2 };
	static const uint8_t six[16] = { 0x20, 1, 0x0d, 0xb8 };
	const bool is_four = address->family == SHUNT_FAMILY_IPV4;
	const size_t last = is_four ? 3 : 15;

	return (address->byte[last] == 1 || address->byte[last] == 2) && !address->scope_id &&
	       memcmp(address->byte, is_four ? four : six, last) == 0 &&
	       port == (is_four ? 80 : 443);
}

bool allow_lead(const struct allow *allow, const struct address *from, const struct address *to,
                uint16_t port, size_t *hint)
{
	HOLDS(allow && *hint == 0);
	return is_allowed(from, port) && is_allowed(to, port);
}

struct allow *allow_load(const char *path, char error[CONFIG_ERROR_MAX])
{
	(void)path;
	(void)error;
	return calloc(1, sizeof(struct allow));
}

void allow_free(struct allow *allow)
{
	free(allow);
}

uint32_t allow_stale_limit(const struct allow *allow)
{
	(void)allow;
	return 1000;
}

/* Of the same port and family, in the bytes of the map: what the kernel looks up. */
static void check_place(const struct shunt_door_place *place)
{
	static const uint8_t four[12] = { [10] = 0xff, [11] = 0xff };
	struct address address;

	HOLDS(place->zero == 0);
	place_address(place, &address);
	HOLDS((memcmp(place->address, four, 12) == 0) == (address.family == SHUNT_FAMILY_IPV4));
	HOLDS(is_allowed(&address, ntohs(place->port)));
}

bool kernel_put(struct kernel *kernel, const struct shunt_door_place *from,
                const struct shunt_door_place *to)
{
	check_place(from);
	check_place(to);
	HOLDS(from->port == to->port && memcmp(from, to, sizeof(*from)) != 0);
	HOLDS(memcmp(from->address, to->address, 12) == 0);
	kernel->put++;
	return true;
}

bool kernel_drop(struct kernel *kernel, const struct shunt_door_place *from)
{
	(void)kernel;
	HOLDS(from->zero == 0);
	return true;
}

void kernel_sweep(struct kernel *kernel,
                  bool (*keep)(const void *arg, const struct shunt_door_place *from),
                  const void *arg)
{
	const struct shunt_door_place place = { .port = htons(80) };

	(void)kernel;
	keep(arg, &place);
}

bool gates_init(struct gates *gates)
{
	*gates = (struct gates){ .kernel = &map };
	return true;
}

void gates_free(struct gates *gates)
{
	(void)gates;
}

bool gates_configure(struct gates *gates, const struct allow *allow, pid_t daemon)
{
	(void)gates;
	(void)daemon;
	HOLDS(allow);
	return true;
}

void gates_look(struct gates *gates)
{
	(void)gates;
}

int gates_fd(const struct gates *gates)
{
	(void)gates;
	return -1;
}

void gates_tell(struct gates *gates, bool all,
                void (*tell)(void *arg, const struct shunt_door_reply *reply), void *arg)
{
	const struct shunt_door_reply reply = { .version = SHUNT_DOOR_VERSION };

	(void)gates;
	HOLDS(all);
	tell(arg, &reply);
}

/* A connection that is refused is closed, with a last word; nothing of it is left. */
static void ask_helper(struct bytes *bytes)
{
	struct serve serve = { .options = &(struct serve_options){ .file = "" },
		               .connection = open_pair() };
	struct shunt_door_reply reply;

	gates_init(&serve.gates);
	for (int i = 0; i < SENT_MAX && serve.connection >= 0 &&
	                send_packet(bytes, sizeof(struct shunt_door_request));
	     i++) {
		read_packets(&serve);
		HOLDS(serve.connection >= 0 || (!serve.begun && !serve.committed));
		HOLDS(!serve.committed || (serve.begun && serve.allow));
		while (recv(peer_end, &reply, sizeof(reply), MSG_DONTWAIT) > 0)
			HOLDS(memchr(reply.text, 0, sizeof(reply.text)));
	}
	close_peer();
	read_packets(&serve);
	HOLDS(serve.connection < 0 && !serve.answers.set);
	allow_free(serve.allow);
}

/* --- the daemon --------------------------------------------------------------------------------- */

/* In place of the events' own: the ring would keep each, which LeakSanitizer looks into. */
void event_emit(const struct event_record *event)
{
	HOLDS(event->type == EVENT_DOOR);
	check_line(event->from);
	check_line(event->to);
	check_line(event->reason);
}

static void check_doors(const struct door *door)
{
	for (size_t i = 0; i < door_count(door); i++) {
		struct door_view view;

		door_read(door, i, &view);
		HOLDS(view.state < DOOR_STATES && door_state_word(view.state));
		if (view.reason)
			check_line(view.reason);
	}
}

/* Independent implementation of the rules in door.h. */
static bool is_reply(void)
{
	struct shunt_door_reply reply;

	memcpy(&reply, sent.bytes, sizeof(reply));
	return sent.size == sizeof(reply) && reply.version == 1 &&
	       strnlen(reply.cgroup, sizeof(reply.cgroup)) < sizeof(reply.cgroup) &&
	       strnlen(reply.text, sizeof(reply.text)) < sizeof(reply.text);
}

/* The daemon hangs up on what is none. */
static void check_connection(void)
{
	ssize_t n;
	char byte;

	do {
		n = recv(peer_end, &byte, 1, MSG_DONTWAIT);
	} while (n > 0); /* what the daemon has asked */
	HOLDS(is_reply() || n == 0 || errno == ECONNRESET);
}

static void tell_daemon(struct bytes *bytes)
{
	struct door_config doors[] = { { .cgroup = "/app.slice" }, { .cgroup = "/web.slice" } };
	const struct config config = { .doors = doors, .door_count = 2, .door_socket = "/nowhere" };
	struct event_base *base = event_base_new();
	struct door *door = door_new(base);

	door_configure(door, &config, NULL);
	door_settle(door);
	for (int i = 0; i < SENT_MAX && send_packet(bytes, sizeof(struct shunt_door_reply)); i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		check_connection();
		check_doors(door);
	}
	close_peer();
	event_base_loop(base, EVLOOP_NONBLOCK);
	check_doors(door);
	door_free(door);
	close_peer();
	event_base_free(base);
}
