#include "probe/tls.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/timer.h"
#include "probe/connect.h"
#include "probe/errno_words.h"
#include "probe/trust.h"
#include "probe/words.h"

#define GRACE_MIN_US 50000u

struct attempt {
	struct event event; /* of the socket, once it is connected */
	struct probe *probe;
	struct connect_attempt *connecting; /* NULL: connected */
	SSL *ssl;                           /* NULL: not connected yet */
	struct trust_peer peer;
	uint64_t started_us;
	uint64_t grace_end_us; /* 0: the handshake is not over */
	int fd;                /* -1: not connected yet */
};

static void attempt_free(struct attempt *attempt)
{
	if (attempt->connecting)
		connect_cancel(attempt->connecting);
	if (event_initialized(&attempt->event))
		event_del(&attempt->event);
	SSL_free(attempt->ssl);
	if (attempt->fd >= 0)
		close(attempt->fd);
	trust_peer_free(&attempt->peer);
	free(attempt);
}

static void finish(struct attempt *attempt, enum probe_why why, enum probe_path path,
                   const char *before, const char *words)
{
	struct probe *probe = attempt->probe;
	char text[PROBE_DETAIL_MAX];

	snprintf(text, sizeof(text), "%s%s", before, words);
	probe_set_expiry(probe, attempt->peer.expires);
	attempt_free(attempt);
	probe_finish_path(probe, why, path, "%s", text);
}

static void finish_own_fault(struct attempt *attempt, const char *words)
{
	finish(attempt, WHY_OWN_FAULT, PATH_UNKNOWN, "", words);
}

/* A failed read or write; 0: the peer closed the connection. */
static void finish_broken(struct attempt *attempt, int error)
{
	switch (error) {
	case 0: finish(attempt, WHY_CLOSED, PATH_PROVEN, "TLS: ", "connection closed"); break;
	case ECONNRESET:
	case EPIPE: finish(attempt, WHY_CLOSED, PATH_PROVEN, "TLS: ", "connection reset"); break;
	case ENOMEM:
	case ENOBUFS: finish_own_fault(attempt, "out of memory"); break;
	default:
		finish(attempt, probe_errno_later(error)->why, PATH_SILENT,
		       "TLS: ", strerror(error));
		break;
	}
}

/* `error` is what SSL_get_error() said; errno was 0 before. */
static void finish_failed(struct attempt *attempt, int error)
{
	unsigned long code = ERR_peek_error();
	int system = errno;
	char text[256];

	ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	if (attempt->peer.words[0])
		finish(attempt, WHY_CERTIFICATE, PATH_PROVEN, "", attempt->peer.words);
	else if (error != SSL_ERROR_SSL)
		finish_broken(attempt, system);
	else if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
		finish_own_fault(attempt, "out of memory");
	else
		finish(attempt, WHY_TLS, PATH_PROVEN, "TLS: ", words_plain(text));
}

static void ready(evutil_socket_t fd, short what, void *arg);

static void watch(struct attempt *attempt, short events, uint64_t timeout_us)
{
	const struct timeval timeout = timer_delay_us(timeout_us);

	event_assign(&attempt->event, probe_base(attempt->probe), attempt->fd, events, ready,
	             attempt);
	if (event_add(&attempt->event, timeout_us ? &timeout : NULL) < 0)
		finish_own_fault(attempt, "the socket cannot be watched");
}

/*
 * In TLS 1.3 the handshake is over for us before the server has seen our certificate, or that there is none. Its word on that comes a
 * round trip later: an alert, or a session ticket, which some servers do not send. Who says nothing for as long as connection and
 * handshake took together, at least two round trips, has taken it.
 */
static void await_word(struct attempt *attempt)
{
	uint64_t now_us = clock_us(), took_us = now_us - attempt->started_us;
	uint64_t left_us = (uint64_t)probe_check(attempt->probe)->timeout * 1000;
	uint64_t grace_us = took_us > GRACE_MIN_US ? took_us : GRACE_MIN_US;

	/* Silence must not run into the deadline. */
	left_us = left_us > took_us ? (left_us - took_us) / 2 : 0;
	grace_us = grace_us < left_us ? grace_us : left_us;
	attempt->grace_end_us = now_us + grace_us;
	watch(attempt, EV_READ, grace_us + 1);
}

static void pass(struct attempt *attempt)
{
	SSL_shutdown(attempt->ssl);
	ERR_clear_error();
	finish(attempt, WHY_PASS, PATH_PROVEN, "", "");
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
		finish_failed(attempt, error);
}

static void shake(struct attempt *attempt)
{
	int n, error;

	ERR_clear_error();
	errno = 0;
	n = SSL_do_handshake(attempt->ssl);
	error = SSL_get_error(attempt->ssl, n);
	if (n == 1)
		probe_reached(attempt->probe, PROBE_TLS, clock_us());
	if (n == 1 && attempt->peer.asks && SSL_version(attempt->ssl) == TLS1_3_VERSION)
		await_word(attempt);
	else if (n == 1)
		pass(attempt);
	else if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		watch(attempt, error == SSL_ERROR_WANT_READ ? EV_READ : EV_WRITE, 0);
	else
		finish_failed(attempt, error);
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

/* False, perhaps with words of the peer's: an own fault. */
static bool open_session(struct attempt *attempt)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	const char *name = attempt->peer.name;

	if (context && trust_context_init(context, &attempt->peer)) {
		SSL_CTX_set_verify(context, attempt->peer.store ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
		                   NULL);
		attempt->ssl = SSL_new(context);
	}
	SSL_CTX_free(context);
	if (!attempt->ssl || !SSL_set_fd(attempt->ssl, attempt->fd) ||
	    (!is_literal(name) && !SSL_set_tlsext_host_name(attempt->ssl, name)))
		return false;
	SSL_set_connect_state(attempt->ssl);
	return true;
}

static void connected(void *arg, int fd)
{
	struct attempt *attempt = arg;

	attempt->connecting = NULL;
	attempt->fd = fd;
	if (open_session(attempt))
		shake(attempt);
	else
		finish_own_fault(attempt,
		                 attempt->peer.words[0] ? attempt->peer.words : "out of memory");
}

static void not_connected(void *arg)
{
	struct attempt *attempt = arg;

	attempt->connecting = NULL;
	attempt_free(attempt);
}

static void tls_start(struct probe *probe)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	struct connect_attempt *connecting;

	if (!attempt) {
		probe_finish(probe, WHY_OWN_FAULT, "out of memory");
		return;
	}
	attempt->probe = probe;
	attempt->started_us = clock_us();
	attempt->fd = -1;
	if (!trust_peer_init(probe_kind_of(probe)->context, &attempt->peer, probe_check(probe),
	                     probe_host(probe))) {
		finish_own_fault(attempt, attempt->peer.words);
		return;
	}
	connecting = connect_start(probe, connected, not_connected, attempt);
	if (!connecting)
		return;
	attempt->connecting = connecting;
	probe_set_attempt(probe, attempt);
}

static void tls_cancel(void *attempt)
{
	attempt_free(attempt);
}

static const char *tls_stage(const void *arg)
{
	const struct attempt *attempt = arg;

	return attempt->connecting ? "connect" : "TLS";
}

struct probe_kind probe_tls_kind(struct trust *trust)
{
	return (struct probe_kind){ .start = tls_start,
		                    .cancel = tls_cancel,
		                    .stage = tls_stage,
		                    .context = trust,
		                    .cost = PROBE_HANDSHAKE };
}
