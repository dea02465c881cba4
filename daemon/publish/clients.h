/*
 * The client socket: hands the table to every process that says hello (shunt/protocol.h).
 *
 * A connection is held until its client closes it: at most 64 for each uid (1,024 for root). The next
 * 256 of that uid wait without an answer, in order, and more than that are closed at once. All clients
 * together have a quarter of RLIMIT_NOFILE (its value when clients_new() is called), uids other than
 * root three quarters of that, and one uid half. Once half of the places are taken, the rest are shared
 * out: a uid without a connection gets one as long as a place is free or connections of another uid
 * wait. A connection that sends anything but a hello, or nothing for SHUNT_HELLO_MS, is closed. When
 * descriptors have run out, clients are served one at a time on a reserve descriptor.
 */
#ifndef SHUNT_PUBLISH_CLIENTS_H
#define SHUNT_PUBLISH_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct clients;

enum clients_stage {
	CLIENTS_NEW,     /* has not said hello yet */
	CLIENTS_WAITING, /* has, but its uid has too many connections */
	CLIENTS_SENDING, /* the welcome could not be sent yet */
	CLIENTS_HELD,    /* has its welcome; ours until the client goes */
	CLIENTS_STAGES
};

/* Why we ended a connection without giving the table. */
enum clients_refusal {
	CLIENTS_CROWD,   /* there are too many */
	CLIENTS_RUBBISH, /* what came was no hello */
	CLIENTS_SILENCE, /* none came in time */
	CLIENTS_VERSION, /* no version in common; the welcome says so */
	CLIENTS_UNSENT,  /* the kernel did not take the welcome */
	CLIENTS_REFUSALS
};

struct clients_counts {
	unsigned stages[CLIENTS_STAGES]; /* connections, now */
	uint64_t attaches;               /* since the start */
	uint64_t refusals[CLIENTS_REFUSALS];
};

/* The descriptor of the table to hand out now, and whether it is settled. -1: none. It stays the callee's. */
typedef int clients_table(void *arg, bool *settled);

/*
 * The reserve, for clients_new(). Opened before all else: the lower its number, the lower the limit, set while we run, under which
 * clients still attach. -1: none is to be had.
 */
int clients_reserve(void);

/* `fd` listens (SOCK_SEQPACKET, non-blocking) and stays the caller's; `reserve` is the callee's from here on. */
struct clients *clients_new(struct event_base *base, int fd, int reserve, clients_table *table,
                            void *arg);
/* Valid as long as the clients are. */
const struct clients_counts *clients_counts(const struct clients *clients);
void clients_free(struct clients *clients);

#endif
