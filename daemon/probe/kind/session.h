/*
 * What http, https and tls attempts have in common: the connection that it waits for, the connected
 * socket, and what it trusts; and the one way out of such an attempt.
 *
 * A kind's attempt begins with a struct session. It calls session_start() from its start(),
 * session_finish() when it has ended, and session_cancel() from its cancel().
 */
#ifndef SHUNT_PROBE_KIND_SESSION_H
#define SHUNT_PROBE_KIND_SESSION_H

#include "probe/kind/ending.h"
#include "probe/kind/trust.h"
#include "probe/probe.h"

struct connect_attempt;
struct session;

struct session_kind {
	size_t size; /* of the attempt */
	/* The socket is session->fd. May call session_finish(). */
	void (*connected)(struct session *session);
	/* Frees what the kind has added. The session's own is freed afterwards. */
	void (*free)(struct session *session);
};

struct session {
	const struct session_kind *kind;
	struct probe *probe;
	struct connect_attempt *connecting; /* NULL: connected, or never begun */
	struct trust_peer *peer;            /* NULL: without TLS */
	uint64_t started_us;                /* CLOCK_MONOTONIC */
	int fd;                             /* connected, and closed by the session; else -1 */
};

/*
 * A new attempt, remembered as the probe's. `trust` is NULL without TLS. May end in probe_finish()
 * before it returns.
 */
void session_start(struct probe *probe, const struct session_kind *kind, struct trust *trust);

/*
 * Connects once more, for an attempt that needs a second connection: session->fd is -1. May finish
 * and free the session.
 */
void session_connect(struct session *session);

/* The session is freed, and then the probe finished. */
void session_finish(struct session *session, const struct ending *ending);
void session_finish_own_fault(struct session *session, const char *words);

/* Frees the session. */
void session_cancel(void *session);

#endif
