/*
 * The client socket: passes the table to every process that sends a hello (shunt/protocol.h).
 *
 * A connection is held until its client closes it: at most 64 for each uid (1,024 for root). The
 * next 256 of that uid wait without an answer, in order, and any more are closed at once. All
 * clients together get a quarter of RLIMIT_NOFILE (its value when clients_new() is called), uids
 * other than root three quarters of that, and one uid half. Once half of the places are taken, the
 * rest is shared out: a uid without a connection gets one as long as a place is free or connections
 * of another uid are waiting. A connection that sends anything other than a hello, or nothing for
 * SHUNT_HELLO_MS, is closed. When descriptors have run out, clients are served one at a time on a
 * reserve descriptor.
 */
#ifndef SHUNT_PUBLISH_CLIENTS_H
#define SHUNT_PUBLISH_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct clients;

enum clients_stage {
	CLIENTS_NEW,     /* has not sent its hello yet */
	CLIENTS_WAITING, /* has sent it, but its uid has too many connections */
	CLIENTS_SENDING, /* the welcome could not be sent yet */
	CLIENTS_HELD,    /* has its welcome; kept open until the client closes */
	CLIENTS_STAGES
};

/* Why a connection was closed without passing the table. */
enum clients_refusal {
	CLIENTS_CROWD,   /* there are too many connections */
	CLIENTS_RUBBISH, /* it did not send a hello */
	CLIENTS_SILENCE, /* it sent no hello in time */
	CLIENTS_VERSION, /* no common protocol version, as reported in the welcome */
	CLIENTS_UNSENT,  /* the kernel did not accept the welcome */
	CLIENTS_REFUSALS
};

struct clients_counts {
	unsigned stages[CLIENTS_STAGES]; /* current connections */
	uint64_t attaches;               /* since the start */
	uint64_t refusals[CLIENTS_REFUSALS];
};

/*
 * Returns the descriptor of the current table, and whether it has settled; -1 if there is none. The
 * descriptor stays owned by the callee.
 */
typedef int clients_table(void *arg, bool *settled);

/*
 * Opens the reserve descriptor for clients_new(). It is opened before all other descriptors: a
 * lower number means that clients can still attach under a lower limit set while the daemon runs.
 * Returns -1 if none can be opened.
 */
int clients_reserve(void);

/*
 * `fd` is a listening socket (SOCK_SEQPACKET, non-blocking), still owned by the caller; `reserve`
 * is owned by the callee from here on.
 */
struct clients *clients_new(struct event_base *base, int fd, int reserve, clients_table *table,
                            void *arg);
/* Valid as long as the clients object. */
const struct clients_counts *clients_counts(const struct clients *clients);
void clients_free(struct clients *clients);

#endif
