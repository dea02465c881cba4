#include "probe/kind/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timer.h"
#include "net/drain.h"
#include "net/received.h"
#include "net/transfer.h"
#include "probe/kind/http_answer.h"
#include "probe/kind/session.h"
#include "probe/plain/http_exchange.h"
#include "probe/plain/http_request.h"
#include "probe/trust/trust_peer.h"
#include "shunt/version.h"

/*
 * The prober's deadline is the effective one; libcurl's own comes this much later, as a safeguard
 * for a transfer that was missed.
 */
#define CURL_SLACK_MS 10000u

struct probe_http {
	struct transfer_loop *loop;
	struct drain *drain;
	bool is_abrupt; /* sockets that libcurl closes now are closed at once */
	bool is_library_only;
	struct trust *trust;
	struct probe_kind http, https;
};

struct attempt {
	struct session session;
	/* Its easy handle is NULL until the connection has been established. */
	struct transfer transfer;
	/* Under way instead of the transfer for a request and an answer that are usual. */
	struct http_exchange exchange;
	struct http_answer answer;
	int socket;    /* libcurl's, which closes it; valid while the transfer runs. -1: none */
	bool is_plain; /* the second request of this attempt: no coding is requested or decoded */
	uint64_t connected_us; /* CLOCK_MONOTONIC; when libcurl started */
	struct curl_slist *to; /* list for CURLOPT_CONNECT_TO */
	struct curl_slist *headers;
};

/* Options that do not depend on the check. */
static const struct {
	CURLoption option;
	long value;
} options[] = {
	{ CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_FRESH_CONNECT, 1 },
	{ CURLOPT_FORBID_REUSE, 1 },
	{ CURLOPT_DNS_CACHE_TIMEOUT, 0 },
	{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
	{ CURLOPT_HTTP09_ALLOWED, 0 },
	{ CURLOPT_FOLLOWLOCATION, 0 },
	{ CURLOPT_PATH_AS_IS, 1 },
	{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
	{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
	{ CURLOPT_SSL_SESSIONID_CACHE, 0 },
	{ CURLOPT_CA_CACHE_TIMEOUT, 0 },
	{ CURLOPT_BUFFERSIZE, 4096 },
	{ CURLOPT_UPLOAD_BUFFERSIZE, 16384 }, /* a TLS send allocates one; this is the minimum */
};

static struct probe_http *owner_of(const struct attempt *attempt)
{
	return probe_kind_of(attempt->session.probe)->context;
}

static bool is_secure(const struct attempt *attempt)
{
	return attempt->session.peer != NULL;
}

static const struct check *check_of(const struct attempt *attempt)
{
	return probe_check(attempt->session.probe);
}

/* Frees the data that belongs to one connection. */
static void request_free(struct attempt *attempt)
{
	struct probe_http *http = owner_of(attempt);

	/* If the deadline has passed, the peer is not waited for. */
	http->is_abrupt = attempt->transfer.is_running;
	transfer_stop(http->loop, &attempt->transfer);
	http->is_abrupt = false;
	curl_slist_free_all(attempt->to);
	curl_slist_free_all(attempt->headers);
	attempt->to = attempt->headers = NULL;
	http_exchange_free(&attempt->exchange);
	http_answer_free(&attempt->answer);
}

static void attempt_free(struct session *session)
{
	request_free((struct attempt *)session);
}

/* --- callbacks of libcurl; nothing is freed here --- */

static curl_socket_t take_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct attempt *attempt = arg;
	curl_socket_t fd = attempt->session.fd >= 0 ? attempt->session.fd : CURL_SOCKET_BAD;

	(void)purpose;
	(void)address;
	/* A second socket is refused. */
	attempt->session.fd = -1;
	if (fd != CURL_SOCKET_BAD)
		attempt->socket = fd;
	return fd;
}

static int socket_is_connected(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg;
	(void)fd;
	(void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* May be called after the attempt has ended. */
static int close_socket(void *arg, curl_socket_t fd)
{
	struct probe_http *http = arg;

	if (http->is_abrupt)
		close(fd);
	else
		drain_socket(http->drain, fd);
	return 0;
}

static CURLcode configure_tls(CURL *easy, void *context, void *arg)
{
	struct attempt *attempt = arg;

	(void)easy;
	return trust_context_init(context, attempt->session.peer, check_of(attempt))
	               ? CURLE_OK
	               : CURLE_SSL_CERTPROBLEM;
}

/* Called with each complete line. A short return value ends the transfer. */
static size_t take_header(char *data, size_t one, size_t size, void *arg)
{
	struct attempt *attempt = arg;
	long status = 0;

	(void)one;
	curl_easy_getinfo(attempt->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	return http_answer_header(&attempt->answer, check_of(attempt), data, size, status) ? size
	                                                                                   : 0;
}

static size_t take_body(char *data, size_t one, size_t size, void *arg)
{
	struct attempt *attempt = arg;

	(void)one;
	return http_answer_body(&attempt->answer, check_of(attempt), data, size) ? size : 0;
}

/* --- the end of an attempt --- */

static bool has_first_byte(const struct attempt *attempt)
{
	curl_off_t us = 0;

	if (!attempt->transfer.easy)
		return attempt->exchange.first_us > 0;
	curl_easy_getinfo(attempt->transfer.easy, CURLINFO_STARTTRANSFER_TIME_T, &us);
	return us > 0 || attempt->answer.header_bytes > 0;
}

/* libcurl counts from the time at which it was given the connection. */
static void note_part(const struct attempt *attempt, enum probe_part part, CURLINFO info)
{
	curl_off_t us = 0;

	curl_easy_getinfo(attempt->transfer.easy, info, &us);
	if (us > 0)
		probe_reached(attempt->session.probe, part, attempt->connected_us + (uint64_t)us);
}

/* Uses a new connection, since libcurl's options cannot be changed back within a transfer. */
static void request_again(struct attempt *attempt)
{
	request_free(attempt);
	attempt->is_plain = true;
	session_connect(&attempt->session);
}

static void transfer_done(void *arg, CURLcode code)
{
	struct attempt *attempt = arg;
	struct http_end end = { .code = code,
		                .has_answer = has_first_byte(attempt),
		                .peer = attempt->session.peer };
	struct ending ending;
	long error = 0;

	if (http_answer_wants_plain(&attempt->answer, check_of(attempt))) {
		request_again(attempt);
		return;
	}
	if (is_secure(attempt))
		note_part(attempt, PROBE_TLS, CURLINFO_APPCONNECT_TIME_T);
	note_part(attempt, PROBE_FIRST_BYTE, CURLINFO_STARTTRANSFER_TIME_T);
	curl_easy_getinfo(attempt->transfer.easy, CURLINFO_OS_ERRNO, &error);
	end.error = (int)error;
	http_answer_ending(&attempt->answer, check_of(attempt), &end, &ending);
	session_finish(&attempt->session, &ending);
}

static void transfer_failed(void *arg)
{
	session_finish_own_fault(arg, "the connection cannot be watched");
}

/* --- the start of an attempt --- */

/*
 * A name or IP literal in the form used in a URL and in the Host header. Freed by the caller; NULL
 * if out of memory.
 */
static char *host_part(const char *host, unsigned port, unsigned default_port)
{
	const char *open = strchr(host, ':') ? "[" : "";
	const char *close = *open ? "]" : "";
	char *part;
	int size = port == default_port ? asprintf(&part, "%s%s%s", open, host, close)
	                                : asprintf(&part, "%s%s%s:%u", open, host, close, port);

	return size < 0 ? NULL : part;
}

static bool add_header(struct attempt *attempt, const char *header)
{
	struct curl_slist *headers = curl_slist_append(attempt->headers, header);

	if (!headers)
		return false;
	attempt->headers = headers;
	return curl_easy_setopt(attempt->transfer.easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
}

/* The host of the URL is used for SNI and compared with the certificate. */
static bool set_url(struct attempt *attempt)
{
	const struct check *check = check_of(attempt);
	const char *host = probe_host(attempt->session.probe);
	const char *name = is_secure(attempt) ? attempt->session.peer->name : host;
	unsigned default_port = is_secure(attempt) ? 443 : 80;
	char *own = host_part(host, check->port, default_port);
	char *place = host_part(name, check->port, default_port);
	char *url = NULL, *header = NULL;
	bool good = false;

	if (!own || !place)
		goto out;
	if (asprintf(&url, "%s://%s%s", is_secure(attempt) ? "https" : "http", place, check->path) <
	    0)
		url = NULL;
	good = url && curl_easy_setopt(attempt->transfer.easy, CURLOPT_URL, url) == CURLE_OK;
	if (!good || strcmp(own, place) == 0)
		goto out;
	if (asprintf(&header, "Host: %s", own) < 0)
		header = NULL;
	good = header && add_header(attempt, header);
out:
	free(header);
	free(url);
	free(place);
	free(own);
	return good;
}

/*
 * libcurl connects to the address, whatever the URL contains: nothing is resolved. The zone is
 * already set in the socket.
 */
static bool set_address(struct attempt *attempt)
{
	struct address address = *probe_address(attempt->session.probe);
	char text[ADDRESS_TEXT_MAX], to[ADDRESS_TEXT_MAX + 16];
	char *part;

	address.scope_id = 0;
	part = host_part(address_format(&address, text), check_of(attempt)->port, 0);
	if (!part)
		return false;
	snprintf(to, sizeof(to), "::%s", part);
	free(part);
	attempt->to = curl_slist_append(NULL, to);
	return attempt->to && curl_easy_setopt(attempt->transfer.easy, CURLOPT_CONNECT_TO,
	                                       attempt->to) == CURLE_OK;
}

static bool set_method(struct attempt *attempt)
{
	const struct check *check = check_of(attempt);
	CURL *easy = attempt->transfer.easy;

	if (strcmp(check->method, "GET") == 0)
		return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	if (strcmp(check->method, "HEAD") == 0)
		return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
	/*
	 * For methods that usually have a body, servers may reject a request that does not state
	 * that it has none (RFC 9110 8.6).
	 */
	if (check->method[0] == 'P' && !add_header(attempt, "Content-Length: 0"))
		return false;
	return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, check->method) == CURLE_OK;
}

/*
 * The server should close first (see net/drain.h); a check cannot set a header that prevents this.
 */
static bool set_headers(struct attempt *attempt)
{
	const struct check *check = check_of(attempt);
	int bad = 0;

	for (size_t i = 0; i < check->header_count; i++) {
		if (!add_header(attempt, check->headers[i]))
			return false;
	}
	if (!add_header(attempt, "Connection: close"))
		return false;
	if (check->credentials) {
		bad |= curl_easy_setopt(attempt->transfer.easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		bad |= curl_easy_setopt(attempt->transfer.easy, CURLOPT_USERPWD,
		                        check->credentials);
	}
	return !bad;
}

/* Encodings are offered only if the body is read, so that servers do not compress for nothing. */
static bool set_body(struct attempt *attempt)
{
	const struct check *check = check_of(attempt);

	attempt->answer.is_plain = attempt->is_plain;
	if (!check->expect_body || !check->expect_body[0] || attempt->is_plain)
		return true;
	return curl_easy_setopt(attempt->transfer.easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate") ==
	       CURLE_OK;
}

static bool set_tls(struct attempt *attempt)
{
	CURL *easy = attempt->transfer.easy;
	int bad = 0;

	if (!is_secure(attempt))
		return true;
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER,
	                        (long)(attempt->session.peer->store != NULL));
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST,
	                        0L); /* done by trust_context_init() */
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, configure_tls);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, attempt);
	return !bad;
}

static bool set_callbacks(struct attempt *attempt)
{
	CURL *easy = attempt->transfer.easy;
	int bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, take_socket);
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, attempt);
	bad |= curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, socket_is_connected);
	bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, owner_of(attempt));
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, attempt);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, attempt);
	return !bad;
}

static bool set_options(struct attempt *attempt)
{
	long timeout = (long)check_of(attempt)->timeout + CURL_SLACK_MS;
	CURL *easy = attempt->transfer.easy;
	int bad = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		bad |= curl_easy_setopt(easy, options[i].option, options[i].value);
	bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout);
	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, is_secure(attempt) ? "https" : "http");
	bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	bad |= curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, HTTP_REQUEST_AGENT);
	return !bad;
}

static bool hand_over(struct attempt *attempt)
{
	attempt->transfer = (struct transfer){ .easy = transfer_easy(owner_of(attempt)->loop),
		                               .done = transfer_done,
		                               .failed = transfer_failed,
		                               .arg = attempt };
	return attempt->transfer.easy && set_options(attempt) && set_callbacks(attempt) &&
	       set_url(attempt) && set_address(attempt) && set_method(attempt) &&
	       set_headers(attempt) && set_tls(attempt) &&
	       http_answer_init(&attempt->answer, check_of(attempt)) && set_body(attempt) &&
	       transfer_start(owner_of(attempt)->loop, &attempt->transfer);
}

/* --- without libcurl -------------------------------------------------------------------------- */

/* Later attempts on this target begin with libcurl. */
static void ask_library(struct attempt *attempt)
{
	struct probe *probe = attempt->session.probe;

	request_free(attempt);
	probe_note(probe);
	probe_begin_again(probe);
	session_connect(&attempt->session);
}

static void exchange_done(struct http_exchange *exchange)
{
	struct attempt *attempt = (struct attempt *)exchange->session;
	struct http_end end = { .code = exchange->parser.code,
		                .error = exchange->error,
		                .has_answer = exchange->first_us > 0 };
	struct ending ending;

	if (exchange->parser.reading == HTTP_READING_UNUSUAL) {
		ask_library(attempt);
		return;
	}
	if (end.has_answer)
		probe_reached(attempt->session.probe, PROBE_FIRST_BYTE, exchange->first_us);
	http_answer_ending(&attempt->answer, check_of(attempt), &end, &ending);
	session_finish(&attempt->session, &ending);
}

static bool is_for_library(const struct attempt *attempt)
{
	return is_secure(attempt) || owner_of(attempt)->is_library_only ||
	       probe_is_noted(attempt->session.probe);
}

/* Returns false if libcurl must make the request. */
static bool start_exchange(struct attempt *attempt, uint32_t events)
{
	struct session *session = &attempt->session;
	const struct check *check = check_of(attempt);
	char request[HTTP_REQUEST_MAX];
	size_t size = is_for_library(attempt)
	                      ? 0
	                      : http_request_write(check, probe_host(session->probe), request);

	if (size == 0 || !http_answer_init(&attempt->answer, check))
		return false;
	attempt->exchange = (struct http_exchange){ .session = session,
		                                    .drain = owner_of(attempt)->drain,
		                                    .done = exchange_done };
	http_parser_init(&attempt->exchange.parser, &attempt->answer, check);
	http_exchange_start(&attempt->exchange, request, size, events);
	return true;
}

static void connected(struct session *session, uint32_t events)
{
	struct attempt *attempt = (struct attempt *)session;

	attempt->socket = -1;
	if (start_exchange(attempt, events))
		return;
	session_unwatch(session);
	attempt->connected_us = clock_us();
	if (!hand_over(attempt))
		session_finish_own_fault(session,
		                         "libcurl cannot start: out of memory or descriptors");
}

static const struct session_kind attempts = { .size = sizeof(struct attempt),
	                                      .connected = connected,
	                                      .free = attempt_free };

static void http_start(struct probe *probe)
{
	struct probe_http *http = probe_kind_of(probe)->context;

	session_start(probe, &attempts,
	              probe_check(probe)->type == CHECK_HTTPS ? http->trust : NULL);
}

/*
 * libcurl of Debian 13 and later does not count a first line that is incomplete. Below TLS, bytes
 * may be those of the handshake.
 */
static bool has_begun(const struct attempt *attempt)
{
	return has_first_byte(attempt) || (!is_secure(attempt) && received_any(attempt->socket));
}

/* Called while the transfer runs. */
static const char *http_stage(const void *arg)
{
	const struct attempt *attempt = arg;
	curl_off_t handshake_us = 0;

	if (attempt->session.connecting)
		return "connect";
	curl_easy_getinfo(attempt->transfer.easy, CURLINFO_APPCONNECT_TIME_T, &handshake_us);
	if (is_secure(attempt) && handshake_us == 0)
		return "TLS";
	if (!has_begun(attempt))
		return "first byte";
	return attempt->answer.headers_done ? "body" : "headers";
}

struct probe_http *probe_http_new(struct event_base *base, struct edge_set *edges,
                                  struct trust *trust)
{
	struct probe_http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->loop = transfer_loop_new(base);
	http->http = (struct probe_kind){
		.start = http_start, .cancel = session_cancel, .stage = http_stage, .context = http
	};
	http->https = http->http;
	http->https.cost = PROBE_HANDSHAKE;
	http->trust = trust;
	http->drain = drain_new(base, edges);
	if (http->loop && http->drain)
		return http;
	probe_http_free(http);
	return NULL;
}

void probe_http_free(struct probe_http *http)
{
	if (!http)
		return;
	transfer_loop_free(http->loop); /* passes its last sockets to the drain */
	drain_free(http->drain);
	free(http);
}

void probe_http_set_library(struct probe_http *http, bool only)
{
	http->is_library_only = only;
}

const struct probe_kind *probe_http_kind(const struct probe_http *http)
{
	return &http->http;
}

const struct probe_kind *probe_https_kind(const struct probe_http *http)
{
	return &http->https;
}
