/*
 * Watching: when an idle connection to a target is opened, and what its end means. Pure: time comes
 * in as an argument, in µs of CLOCK_MONOTONIC.
 *
 * The end of a connection is never a verdict, since servers end idle connections for reasons of
 * their own. It is a hint: the target is probed at once. A connection that ends at the same age as
 * the one before it was ended by a server's time limit, and is worth one probe; any other is worth a
 * burst of them (policy/burst).
 *
 * The next connection follows after a delay that doubles while connections end soon, and not before
 * a probe has passed.
 */
#ifndef SHUNT_POLICY_WATCHING_H
#define SHUNT_POLICY_WATCHING_H

#include <stdbool.h>
#include <stdint.h>

#define WATCHING_DELAY_US 1000000u       /* before the next connection; doubles */
#define WATCHING_DELAY_MAX_US 300000000u /* the limit of that */
#define WATCHING_LIVED_US 30000000u      /* a connection of that age has not ended soon */
/* Two ages are the same if they differ by no more than this, and a sixteenth of the age. */
#define WATCHING_SAME_US 500000u

enum watching_phase {
	WATCHING_OFF,     /* not connected, and not going to be before a probe has passed */
	WATCHING_WAITING, /* the next connection is due at `due_us` */
	WATCHING_OPENING,
	WATCHING_HELD,
	WATCHING_PHASES
};

/* What ended a connection, or an attempt to make one. */
enum watching_end {
	WATCHING_PEER,   /* the peer, or its silence: closed, reset, refused, no answer */
	WATCHING_HOST,   /* this host: no descriptor, no such source address */
	WATCHING_CHATTER /* it was closed because the peer sent too much */
};

enum watching_hint {
	WATCHING_NO_HINT,
	WATCHING_EXPECTED,  /* worth one probe */
	WATCHING_UNEXPECTED /* worth a burst */
};

/* Zeroed initially. */
struct watching {
	enum watching_phase phase;
	uint64_t since_us; /* start of the phase */
	uint64_t due_us;   /* no connection is opened before */
	uint64_t age_us;   /* age at which the peer ended the last connection */
	unsigned ends;     /* ends since a connection lived long, or since the target was down */
};

/* A probe passed: connections are opened from now on. */
void watching_passed(struct watching *watching, uint64_t now_us);

/*
 * A probe failed: no connection is opened. If the target is `down`, the one that is held is no
 * longer wanted, and what was learned of the server is forgotten. Returns true if the caller has to
 * close it.
 */
bool watching_failed(struct watching *watching, bool down, uint64_t now_us);

/* Whether a connection is to be opened now. */
bool watching_is_due(const struct watching *watching, uint64_t now_us);

void watching_opening(struct watching *watching, uint64_t now_us);
void watching_opened(struct watching *watching, uint64_t now_us);

/* The connection, or the attempt, has ended. */
enum watching_hint watching_ended(struct watching *watching, enum watching_end end,
                                  uint64_t now_us);

/* "off", "waiting", "opening", "held" */
const char *watching_word(enum watching_phase phase);

#endif
