/*
 * What a test can tell the stand-in for shuntd (fake.c), over one end of a SOCK_SEQPACKET pair: an order,
 * and then the reply, which is sent once it is carried out. Fixed widths: the stand-in is a program of the
 * daemon's width, who orders may be of another.
 */
#ifndef SHUNT_TESTS_ORDERS_H
#define SHUNT_TESTS_ORDERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define FAKE_STALE_LIMIT 600000u /* ms; that of cases which are not about it */

enum fake_order {
	FAKE_RESET,   /* value: the stale limit; all as at the start, in a new table; k is 0 */
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
	FAKE_ROUTE,     /* value: FAKE_ROUTE_OF(), for the two names below */
	FAKE_ASKED,     /* the reply: how many connections there have been */
	FAKE_ORDERS
};

/*
 * retry.example.com and redirect.example.com: two endpoints, at these addresses of this host. A route
 * is the endpoint that answers, and the flags (SHUNT_ADDRESS_) of the addresses of each.
 */
#define FAKE_FIRST4 "127.77.0.1"
#define FAKE_SECOND4 "127.77.0.2"
#define FAKE_FIRST6 "fd77::1"
#define FAKE_SECOND6 "fd77::2"
#define FAKE_ROUTE_OF(answer, first, second)                                                       \
	((uint32_t)(answer) | (uint32_t)(first) << 8 | (uint32_t)(second) << 16)
#define FAKE_UP (SHUNT_ADDRESS_ANSWER | SHUNT_ADDRESS_NEXT)
#define FAKE_ROUTE_HEALTHY FAKE_ROUTE_OF(0, FAKE_UP, FAKE_UP)

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

_Static_assert(sizeof(struct fake_command) == 12, "programs of both widths send it");

/* False: there is no stand-in any more. `reply` may be NULL. */
static inline bool fake_order(int channel, enum fake_order order, uint32_t offset, uint32_t value,
                              uint32_t *reply)
{
	struct fake_command command = { .order = order, .offset = offset, .value = value };
	uint32_t got;

	if (send(channel, &command, sizeof(command), MSG_NOSIGNAL) != (ssize_t)sizeof(command) ||
	    recv(channel, &got, sizeof(got), 0) != (ssize_t)sizeof(got))
		return false;
	if (reply)
		*reply = got;
	return true;
}

#endif
