#include "probe/kind/tls.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/timer.h"
#include "probe/kind/session.h"

#define GRACE_MIN_US 50000u

struct attempt {
	struct session session;
	struct event event;    /* of the socket, once it is connected */
	SSL *ssl;              /* NULL until it is connected */
	uint64_t grace_end_us; /* 0: the handshake is not over */
};

static void attempt_free(struct session *session)
{
	struct attempt *attempt = (struct attempt *)session;

	if (event_initialized(&attempt->event))
		event_del(&attempt->event);
	SSL_free(attempt->ssl);
}

/* errno must have been 0 before the failed call. */
static void finish_failed(struct attempt *attempt)
{
	int error = errno;
	struct ending ending;

	trust_peer_note(attempt->session.peer, ERR_peek_error());
	ERR_clear_error();
	trust_peer_ending(attempt->session.peer, error, &ending);
	session_finish(&attempt->session, &ending);
}

static void ready(evutil_socket_t fd, short what, void *arg);

static void watch(struct attempt *attempt, short events, uint64_t timeout_us)
{
	const struct timeval timeout = timer_delay_us(timeout_us);

	event_assign(&attempt->event, probe_base(attempt->session.probe), attempt->session.fd,
	             events, ready, attempt);
	if (event_add(&attempt->event, timeout_us ? &timeout : NULL) < 0)
		session_finish_own_fault(&attempt->session, "the socket cannot be watched");
}

/*
 * In TLS 1.3 the handshake is complete for the client before the server has seen the client's
 * certificate, or its absence. The server's reaction arrives a round trip later: an alert, or a
 * session ticket, which some servers do not send. A server that sends nothing for as long as
 * connect and handshake took together, which is at least two round trips, has accepted it.
 */
static void await_word(struct attempt *attempt)
{
	uint64_t now_us = clock_us(), took_us = now_us - attempt->session.started_us;
	uint64_t left_us = (uint64_t)probe_check(attempt->session.probe)->timeout * 1000;
	uint64_t grace_us = took_us > GRACE_MIN_US ? took_us : GRACE_MIN_US;

	/* This wait must not exceed the deadline. */
	left_us = left_us > took_us ? (left_us - took_us) / 2 : 0;
	grace_us = grace_us < left_us ? grace_us : left_us;
	attempt->grace_end_us = now_us + grace_us;
	watch(attempt, EV_READ, grace_us + 1);
}

static void pass(struct attempt *attempt)
{
	struct ending ending;

	SSL_shutdown(attempt->ssl);
	ERR_clear_error();
	ending_set(&ending, WHY_PASS, "%s", "");
	session_finish(&attempt->session, &ending);
}

static void read_word(struct attempt *attempt)
{
	uint64_t now_us = clock_us();
	char byte;
	int n, error;

	ERR_clear_error();
	errno = 0;
	n = SSL_read(attempt->ssl, &byte, sizeof(byte));
	error = SSL_get_error(attempt->ssl, n);
	if (n > 0 || (error == SSL_ERROR_WANT_READ &&
	              (SSL_SESSION_is_resumable(SSL_get0_session(attempt->ssl)) ||
	               now_us >= attempt->grace_end_us)))
		pass(attempt);
	else if (error == SSL_ERROR_WANT_READ)
		watch(attempt, EV_READ, attempt->grace_end_us - now_us);
	else
		finish_failed(attempt);
}

static void shake(struct attempt *attempt)
{
	int n, error;

	ERR_clear_error();
	errno = 0;
	n = SSL_do_handshake(attempt->ssl);
	error = SSL_get_error(attempt->ssl, n);
	if (n == 1)
		probe_reached(attempt->session.probe, PROBE_TLS, clock_us());
	if (n == 1 && attempt->session.peer->asks && SSL_version(attempt->ssl) == TLS1_3_VERSION)
		await_word(attempt);
	else if (n == 1)
		pass(attempt);
	else if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		watch(attempt, error == SSL_ERROR_WANT_READ ? EV_READ : EV_WRITE, 0);
	else
		finish_failed(attempt);
}

static void ready(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *attempt = arg;

	(void)fd;
	(void)what;
	if (attempt->grace_end_us)
		read_word(attempt);
	else
		shake(attempt);
}

static bool is_literal(const char *host)
{
	struct address address;

	return address_parse(host, &address);
}

/* Returns false for a fault of this host, possibly with a text in the peer. */
static bool open_session(struct attempt *attempt)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct trust_peer *peer = attempt->session.peer;

	if (context && trust_context_init(context, peer, probe_check(attempt->session.probe))) {
		SSL_CTX_set_verify(context, peer->store ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
		attempt->ssl = SSL_new(context);
	}
	SSL_CTX_free(context);
	if (!attempt->ssl || !SSL_set_fd(attempt->ssl, attempt->session.fd) ||
	    (!is_literal(peer->name) && !SSL_set_tlsext_host_name(attempt->ssl, peer->name)))
		return false;
	SSL_set_connect_state(attempt->ssl);
	return true;
}

static void connected(struct session *session, uint32_t events)
{
	struct attempt *attempt = (struct attempt *)session;

	(void)events;
	session_unwatch(session);
	if (open_session(attempt))
		shake(attempt);
	else
		session_finish_own_fault(session, session->peer->words[0] ? session->peer->words
		                                                          : "out of memory");
}

static const struct session_kind attempts = { .size = sizeof(struct attempt),
	                                      .connected = connected,
	                                      .free = attempt_free };

static void tls_start(struct probe *probe)
{
	session_start(probe, &attempts, probe_kind_of(probe)->context);
}

static const char *tls_stage(const void *arg)
{
	const struct attempt *attempt = arg;

	return attempt->session.connecting ? "connect" : "TLS";
}

struct probe_kind probe_tls_kind(struct trust *trust)
{
	return (struct probe_kind){ .start = tls_start,
		                    .cancel = session_cancel,
		                    .stage = tls_stage,
		                    .context = trust,
		                    .cost = PROBE_HANDSHAKE };
}
