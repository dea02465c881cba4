/*
 * The common part of http, https and tls attempts: the connection attempt, the connected socket,
 * and the trust settings; and the single function that ends such an attempt.
 *
 * A kind's attempt begins with a struct session. The kind calls session_start() from its start(),
 * session_finish() when the attempt has ended, and session_cancel() from its cancel().
 */
#ifndef SHUNT_PROBE_KIND_SESSION_H
#define SHUNT_PROBE_KIND_SESSION_H

#include "probe/kind/ending.h"
#include "probe/probe.h"
#include "probe/trust/trust_peer.h"

struct connect_attempt;
struct session;

struct session_kind {
	size_t size; /* size of the kind's attempt */
	/*
	 * Called when session->fd is connected; `events` has come with that. The socket is in the
	 * probe's edge set without an owner: it is passed on, or session_unwatch() is called. May
	 * call session_finish().
	 */
	void (*connected)(struct session *session, uint32_t events);
	/* Frees the kind's own data. The session's data is freed afterwards. */
	void (*free)(struct session *session);
};

struct session {
	const struct session_kind *kind;
	struct probe *probe;
	struct connect_attempt *connecting; /* NULL: connected, or never started */
	struct trust_peer *peer;            /* NULL without TLS */
	uint64_t started_us;                /* CLOCK_MONOTONIC */
	/* The connected socket, which the session closes; else -1. */
	int fd;
};

/*
 * Creates an attempt and stores it in the probe. `trust` is NULL without TLS. May call
 * probe_finish() before it returns.
 */
void session_start(struct probe *probe, const struct session_kind *kind, struct trust *trust);

/*
 * Connects again, for an attempt that needs a second connection; session->fd must be -1. May finish
 * and free the session.
 */
void session_connect(struct session *session);

/* Takes the connected socket out of the probe's edge set, for another loop to watch it. */
void session_unwatch(const struct session *session);

/* Frees the session and then finishes the probe. */
void session_finish(struct session *session, const struct ending *ending);
void session_finish_own_fault(struct session *session, const char *words);

/* Frees the session. */
void session_cancel(void *session);

#endif
