#include "probe/kind/session.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/edge.h"
#include "probe/kind/connect.h"

void session_cancel(void *arg)
{
	struct session *session = arg;

	session->kind->free(session);
	if (session->connecting)
		connect_cancel(session->connecting);
	if (session->fd >= 0) {
		edge_forget(probe_edges(session->probe), session->fd);
		close(session->fd);
	}
	trust_peer_release(session->peer);
	free(session);
}

void session_finish(struct session *session, const struct ending *ending)
{
	struct probe *probe = session->probe;

	if (session->peer)
		probe_set_expiry(probe, session->peer->expires);
	session_cancel(session);
	probe_finish_path(probe, ending->why, ending->path, "%s", ending->text);
}

void session_finish_own_fault(struct session *session, const char *words)
{
	struct ending ending;

	ending_set(&ending, WHY_OWN_FAULT, "%s", words);
	session_finish(session, &ending);
}

void session_unwatch(const struct session *session)
{
	edge_remove(probe_edges(session->probe), session->fd);
}

static void connected(void *arg, int fd, uint32_t events)
{
	struct session *session = arg;

	session->connecting = NULL;
	session->fd = fd;
	session->kind->connected(session, events);
}

/* Followed by probe_finish(). */
static void not_connected(void *arg)
{
	struct session *session = arg;

	session->connecting = NULL;
	session_cancel(session);
}

void session_connect(struct session *session)
{
	struct probe *probe = session->probe;
	struct connect_attempt *connecting;

	probe_set_attempt(probe, session);
	connecting = connect_start(probe, connected, not_connected, session);
	if (connecting)
		session->connecting = connecting;
}

void session_start(struct probe *probe, const struct session_kind *kind, struct trust *trust)
{
	struct session *session = calloc(1, kind->size);

	if (!session) {
		probe_finish(probe, WHY_OWN_FAULT, "out of memory");
		return;
	}
	session->kind = kind;
	session->probe = probe;
	session->started_us = clock_us();
	session->fd = -1;
	if (trust) {
		session->peer = trust_peer_new(trust, probe_check(probe), probe_host(probe));
		if (!session->peer) {
			session_finish_own_fault(session, "out of memory");
			return;
		}
		if (session->peer->words[0]) {
			session_finish_own_fault(session, session->peer->words);
			return;
		}
	}
	session_connect(session);
}
