/*
 * What goes between shuntd and shunt-reset, as each side reads it; for libFuzzer and for the replay in
 * tests/unit/fuzz.
 *
 * Input: a byte, even for requests to the helper, odd for replies to the daemon; then packets: their
 * size in two bytes, and so many bytes.
 */
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/event.h"
#include "reset/diag.h"
#include "reset/reset.h"
#include "reset/work.h"
#include "serve/allow.h"
#include "serve/packet.h"
#include "tests/fuzz/bytes.h"
#include "tests/fuzz/peer.h"

#include "shunt/reset.h"
#include "shunt/table.h"

#define PACKETS_MAX 64
#define FOUND 3 /* connections to each peer */

/* Returns its size; 0 if there is none left, or the other side has closed the connection. */
static size_t send_packet(struct bytes *bytes)
{
	size_t size = bytes_number(bytes);

	size |= (size_t)bytes_number(bytes) << 8;
	if (bytes->size == 0 || size == 0)
		return 0;
	size = size < bytes->size ? size : bytes->size;
	if (send(peer_end, bytes->data, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size)
		return 0;
	bytes->data += size;
	bytes->size -= size;
	return size;
}

/* --- the helper, in place of its configuration and of the kernel -------------------------------- */

/* 192.0.2.1 and 2001:db8::1, ports 80 and 443. */
static bool is_allowed(const struct address *peer, uint16_t port)
{
	static const uint8_t one[4] = { 192, 0, 2, 1 };
	static const uint8_t six[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 };

	return (port == 80 || port == 443) &&
	       (peer->family == SHUNT_FAMILY_IPV4   ? memcmp(peer->byte, one, 4) == 0
	        : peer->family == SHUNT_FAMILY_IPV6 ? memcmp(peer->byte, six, 16) == 0
	                                            : false);
}

bool allow_reset(const struct allow *allow, const struct address *peer, uint16_t port)
{
	(void)allow;
	return is_allowed(peer, port);
}

uint32_t allow_rate(const struct allow *allow)
{
	(void)allow;
	return 1000;
}

/* Nothing else may get as far as this. */
bool diag_find(struct diag *diag, const struct diag_peer *peer, struct snapshot *out)
{
	(void)diag;
	HOLDS(peer->port_count >= 1 && peer->port_count <= SHUNT_RESET_PORTS_MAX);
	for (size_t i = 0; i < peer->port_count; i++)
		HOLDS(is_allowed(peer->address, peer->ports[i]));
	for (size_t i = 0; i < FOUND; i++)
		HOLDS(snapshot_add(out, AF_INET, &(struct inet_diag_sockid){ .idiag_if = 1 }));
	return true;
}

bool diag_destroy(struct diag *diag, const struct snapshot_entry *entries, size_t count,
                  struct diag_result *result)
{
	(void)diag;
	HOLDS(count >= 1 && count <= FOUND);
	for (size_t i = 0; i < count; i++)
		HOLDS(entries[i].id.idiag_if == 1);
	result->reset += count;
	return true;
}

struct replies {
	size_t found, done, refused;
};

static void count_reply(void *arg, const struct shunt_reset_reply *reply)
{
	struct replies *replies = arg;

	HOLDS(reply->version == SHUNT_RESET_VERSION);
	HOLDS(memchr(reply->text, 0, sizeof(reply->text)));
	HOLDS(reply->kind != SHUNT_RESET_FOUND || (reply->found == FOUND && reply->reset == 0));
	HOLDS(reply->kind != SHUNT_RESET_DONE || reply->reset + reply->gone <= reply->found);
	replies->found += reply->kind == SHUNT_RESET_FOUND;
	replies->done += reply->kind == SHUNT_RESET_DONE;
	replies->refused += reply->kind == SHUNT_RESET_REFUSED;
}

/* Each request gets its replies, and a packet of another size none. */
static void ask_helper(struct bytes *bytes)
{
	const int connection = open_pair();
	struct replies replies = { 0 };
	struct work *work = work_new(NULL, NULL, count_reply, &replies);
	struct shunt_reset_request request;
	size_t requests = 0;

	for (int i = 0; i < PACKETS_MAX && send_packet(bytes); i++) {
		const enum packet_result result =
		        packet_read(connection, &request, sizeof(request));

		HOLDS(result == PACKET_READ || result == PACKET_WRONG);
		if (result == PACKET_WRONG)
			continue;
		work_take(work, &request);
		HOLDS(replies.found + replies.refused == ++requests);
	}
	for (uint64_t now_ms = clock_ms(); work_wait_ms(work) >= 0; now_ms += 1000)
		work_run(work, now_ms);
	HOLDS(replies.done == replies.found);
	work_free(work);
	close(connection);
	close_peer();
}

/* --- the daemon --------------------------------------------------------------------------------- */

/* In place of the events' own: the ring would keep each, which LeakSanitizer looks into. */
void event_emit(const struct event_record *event)
{
	HOLDS(event->record && event->endpoint);
	if (event->reason)
		check_line(event->reason);
}

static uint64_t order(struct reset *reset, const struct address *addresses)
{
	static const uint16_t port = 80;

	return reset_ask(reset, &(struct reset_want){ .record = "www.example.com",
	                                              .endpoint = "primary",
	                                              .addresses = addresses,
	                                              .address_count = 2,
	                                              .ports = &port,
	                                              .port_count = 1 });
}

static void check_told(const struct reset *reset, uint64_t number)
{
	const struct reset_order *kept = orders_find(reset_orders(reset), number);

	HOLDS(kept && kept->left <= 2);
	if (*kept->error)
		check_line(kept->error);
	if (reset_trouble(reset))
		check_line(reset_trouble(reset));
	HOLDS(!reset_is_ready(reset) || !reset_trouble(reset));
}

/* A packet of another size, or of another release, ends the connection. */
static void check_ended(const struct reset *reset, const uint8_t *packet, size_t size)
{
	uint32_t version = 0;

	if (size == sizeof(struct shunt_reset_reply))
		memcpy(&version, packet, sizeof(version));
	HOLDS(version == SHUNT_RESET_VERSION || !reset_is_ready(reset));
}

static void tell_daemon(struct bytes *bytes)
{
	const struct address addresses[] = {
		{ .family = SHUNT_FAMILY_IPV4, .byte = { 192, 0, 2, 1 } },
		{ .family = SHUNT_FAMILY_IPV4, .byte = { 192, 0, 2, 2 } }
	};
	struct event_base *base = event_base_new();
	struct reset *reset = reset_new(base);
	uint64_t numbers[2];
	size_t sent;

	reset_configure(reset, "/nowhere", true);
	numbers[0] = order(reset, addresses);
	for (int i = 0; i < PACKETS_MAX && (sent = send_packet(bytes)) > 0; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		check_ended(reset, bytes->data - sent, sent);
		check_told(reset, numbers[0]);
	}
	numbers[1] = order(reset, addresses);
	close_peer();
	event_base_loop(base, EVLOOP_NONBLOCK);
	HOLDS(!reset_is_ready(reset));
	check_told(reset, numbers[1]);
	reset_free(reset);
	event_base_free(base);
}
