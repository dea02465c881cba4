#include "probe/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timer.h"
#include "net/transfer.h"
#include "probe/body.h"
#include "probe/connect.h"
#include "probe/header.h"
#include "probe/trust.h"
#include "probe/words.h"
#include "shunt/version.h"

#define USER_AGENT "shunt/" SHUNT_VERSION
#define HEADERS_MAX 16384u /* bytes, interim answers and trailers included */
/* The prober's deadline is the one that counts; libcurl's own comes so much later, for a transfer that slipped through. */
#define CURL_SLACK_MS 10000u

struct probe_http {
	struct transfer_loop *loop;
	struct trust *trust;
	struct probe_kind http, https;
};

struct attempt {
	struct transfer transfer;
	struct probe_http *owner;
	struct probe *probe;
	struct connect_attempt *connecting; /* NULL: connected */
	uint64_t connected_us;              /* CLOCK_MONOTONIC; when libcurl began */
	int fd;                             /* connected and not yet libcurl's, else -1 */
	struct curl_slist *to;              /* CONNECT_TO */
	struct curl_slist *headers;
	struct trust_peer peer;
	struct body_search search;
	size_t header_bytes;
	unsigned codings; /* of the body */
	long status;
	bool secure;
	bool header_found; /* the one that the check expects, if any */
	bool headers_done; /* to the empty line of the final answer */
	char error[CURL_ERROR_SIZE];
};

/* Outcomes of libcurl's that are not the endpoint's, or have better words than libcurl's own. */
struct outcome {
	CURLcode code;
	enum probe_why why;
	const char *words; /* NULL: libcurl's */
};

static const struct outcome outcomes[] = {
	{ CURLE_UNSUPPORTED_PROTOCOL, WHY_PROTOCOL, "the answer is not HTTP" }, /* HTTP/0.9 too */
	{ CURLE_WEIRD_SERVER_REPLY, WHY_PROTOCOL, "the answer is not HTTP" },
	{ CURLE_GOT_NOTHING, WHY_CLOSED, "connection closed without an answer" },
	{ CURLE_RECV_ERROR, WHY_CLOSED, NULL },
	{ CURLE_SEND_ERROR, WHY_CLOSED, NULL },
	{ CURLE_SSL_CONNECT_ERROR, WHY_TLS, NULL },
	{ CURLE_PEER_FAILED_VERIFICATION, WHY_CERTIFICATE, NULL },
	{ CURLE_SSL_CLIENTCERT, WHY_TLS, "a client certificate is required" },
	{ CURLE_FAILED_INIT, WHY_OWN_FAULT, NULL },
	{ CURLE_URL_MALFORMAT, WHY_OWN_FAULT, NULL },
	{ CURLE_NOT_BUILT_IN, WHY_OWN_FAULT, NULL },
	{ CURLE_COULDNT_RESOLVE_HOST, WHY_OWN_FAULT, NULL },
	{ CURLE_COULDNT_CONNECT, WHY_OWN_FAULT, NULL }, /* the socket was connected already */
	{ CURLE_OUT_OF_MEMORY, WHY_OWN_FAULT, "out of memory" },
	{ CURLE_OPERATION_TIMEDOUT, WHY_OWN_FAULT, NULL }, /* the prober's deadline was missed */
	{ CURLE_ABORTED_BY_CALLBACK, WHY_OWN_FAULT, NULL },
	{ CURLE_BAD_FUNCTION_ARGUMENT, WHY_OWN_FAULT, NULL },
	{ CURLE_UNKNOWN_OPTION, WHY_OWN_FAULT, NULL },
	{ CURLE_SSL_CERTPROBLEM, WHY_OWN_FAULT, NULL },
	{ CURLE_SSL_CACERT_BADFILE, WHY_OWN_FAULT, NULL },
	{ CURLE_OK, WHY_OTHER, NULL }
};

/* Parts of libcurl's texts for what our own kernel says of a connection when nothing came back for long. */
static const struct silence {
	const char *text;
	enum probe_why why;
} silences[] = { { "Connection timed out", WHY_TIMEOUT },
	         { "No route to host", WHY_NO_ROUTE },
	         { "Network is unreachable", WHY_NO_ROUTE },
	         { "Network is down", WHY_NO_ROUTE },
	         { NULL, WHY_OTHER } };

/* What does not depend on the check. */
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
	{ CURLOPT_UPLOAD_BUFFERSIZE, 16384 }, /* a TLS send takes one; the least there is */
};

static void attempt_free(struct attempt *attempt)
{
	if (attempt->connecting)
		connect_cancel(attempt->connecting);
	transfer_stop(attempt->owner->loop, &attempt->transfer);
	if (attempt->fd >= 0)
		close(attempt->fd);
	curl_slist_free_all(attempt->to);
	curl_slist_free_all(attempt->headers);
	body_search_free(&attempt->search);
	trust_peer_free(&attempt->peer);
	free(attempt);
}

/* --- what libcurl calls; nothing is freed here --- */

static curl_socket_t take_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct attempt *attempt = arg;
	curl_socket_t fd = attempt->fd >= 0 ? attempt->fd : CURL_SOCKET_BAD;

	(void)purpose;
	(void)address;
	/* A second socket is refused. */
	attempt->fd = -1;
	return fd;
}

static int socket_is_connected(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg;
	(void)fd;
	(void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static CURLcode configure_tls(CURL *easy, void *context, void *arg)
{
	struct attempt *attempt = arg;

	(void)easy;
	return trust_context_init(context, &attempt->peer) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

static bool status_is_expected(const struct check *check, long status)
{
	for (size_t i = 0; i < check->expect_status_count; i++) {
		const struct status_range *range = &check->expect_status[i];

		if (status >= range->first && status <= range->last)
			return true;
	}
	return false;
}

static bool wants_body(const struct attempt *attempt)
{
	return attempt->search.window && attempt->header_found &&
	       status_is_expected(probe_check(attempt->probe), attempt->status);
}

/* Of each answer's headers, so that an interim one's do not count. */
static void look_for_header(struct attempt *attempt, const char *line, size_t size)
{
	const char *expected = probe_check(attempt->probe)->expect_header;

	if (!expected || (size >= 5 && memcmp(line, "HTTP/", 5) == 0))
		attempt->header_found = !expected;
	else if (header_matches(expected, line, size))
		attempt->header_found = true;
}

/* Called with each whole line. A short return ends the transfer. */
static size_t take_header(char *data, size_t one, size_t size, void *arg)
{
	struct attempt *attempt = arg;
	bool is_empty = data[0] == '\r' || data[0] == '\n'; /* as libcurl sees it */

	(void)one;
	attempt->header_bytes += size;
	if (attempt->header_bytes > HEADERS_MAX)
		return 0;
	if (!attempt->headers_done && !is_empty) {
		attempt->codings += body_codings(data, size);
		look_for_header(attempt, data, size);
	}
	if (attempt->headers_done || !is_empty)
		return size;
	curl_easy_getinfo(attempt->transfer.easy, CURLINFO_RESPONSE_CODE, &attempt->status);
	/* Interim answers go before the final one; after 101 there is none. */
	if (attempt->status < 200 && attempt->status != 101)
		return size;
	attempt->headers_done = true;
	return wants_body(attempt) && attempt->codings <= BODY_CODINGS_MAX ? size : 0;
}

static size_t take_body(char *data, size_t one, size_t size, void *arg)
{
	struct attempt *attempt = arg;
	const char *text = probe_check(attempt->probe)->expect_body;

	(void)one;
	if (!attempt->search.window || !text)
		return 0;
	return body_search_feed(&attempt->search, text, data, size) ? size : 0;
}

/* --- the end of an attempt --- */

/* NULL: the peer said something. */
static const struct silence *silence_of(const char *error)
{
	for (const struct silence *silence = silences; silence->text; silence++) {
		if (strstr(error, silence->text))
			return silence;
	}
	return NULL;
}

static void finish(struct attempt *attempt, enum probe_why why, const char *before,
                   const char *words, const char *after)
{
	struct probe *probe = attempt->probe;
	const struct silence *silence = silence_of(attempt->error);
	char text[PROBE_DETAIL_MAX];

	if (silence && probe_why_verdict(why) == VERDICT_FAIL)
		why = silence->why;
	snprintf(text, sizeof(text), "%s%s%s", before, words, after);
	probe_set_expiry(probe, attempt->peer.expires);
	attempt_free(attempt);
	probe_finish_path(probe, why, silence ? PATH_SILENT : PATH_PROVEN, "%s", text);
}

static void finish_answered(struct attempt *attempt, CURLcode code, const char *words)
{
	const struct check *check = probe_check(attempt->probe);
	bool over = code == CURLE_OK || (code == CURLE_WRITE_ERROR && attempt->search.left == 0);
	char status[16];

	snprintf(status, sizeof(status), "%ld", attempt->status);
	if (!status_is_expected(check, attempt->status))
		finish(attempt, WHY_STATUS, "status ", status, "");
	else if (!attempt->header_found)
		finish(attempt, WHY_HEADER, "headers without \"", check->expect_header, "\"");
	else if (!attempt->search.window || attempt->search.found)
		finish(attempt, WHY_PASS, "", "", "");
	else if (attempt->codings > BODY_CODINGS_MAX)
		finish(attempt, WHY_BODY, "the body is compressed more than once", "", "");
	else if (over)
		finish(attempt, WHY_BODY, "body without \"", check->expect_body, "\"");
	else
		finish(attempt, WHY_BODY, "in the body: ", words, "");
}

static void finish_unanswered(struct attempt *attempt, CURLcode code, const char *words)
{
	const struct outcome *outcome = outcomes;

	while (outcome->code != CURLE_OK && outcome->code != code)
		outcome++;
	if (outcome->words)
		words = outcome->words;
	else if (attempt->peer.words[0])
		words = attempt->peer.words;
	if (code == CURLE_SSL_CONNECT_ERROR)
		finish(attempt, outcome->why, "TLS: ", words, "");
	else if (code == CURLE_OK)
		finish(attempt, WHY_CLOSED, "connection closed within the headers", "", "");
	else
		finish(attempt, outcome->why, "", words, "");
}

static bool has_first_byte(const struct attempt *attempt)
{
	curl_off_t us = 0;

	curl_easy_getinfo(attempt->transfer.easy, CURLINFO_STARTTRANSFER_TIME_T, &us);
	return us > 0 || attempt->header_bytes > 0;
}

static void transfer_ended(struct attempt *attempt, CURLcode code)
{
	const char *words =
	        words_plain(attempt->error[0] ? attempt->error : curl_easy_strerror(code));
	/* One header without end is libcurl's "out of memory". */
	bool is_endless =
	        code == CURLE_OUT_OF_MEMORY && !attempt->headers_done && has_first_byte(attempt);

	if (attempt->header_bytes > HEADERS_MAX || is_endless)
		finish(attempt, WHY_PROTOCOL, "headers over 16 KB", "", "");
	else if (attempt->headers_done)
		finish_answered(attempt, code, words);
	else
		finish_unanswered(attempt, code, words);
}

/* libcurl counts from when it was handed the connection. */
static void note_part(const struct attempt *attempt, enum probe_part part, CURLINFO info)
{
	curl_off_t us = 0;

	curl_easy_getinfo(attempt->transfer.easy, info, &us);
	if (us > 0)
		probe_reached(attempt->probe, part, attempt->connected_us + (uint64_t)us);
}

static void transfer_done(void *arg, CURLcode code)
{
	struct attempt *attempt = arg;

	if (attempt->secure)
		note_part(attempt, PROBE_TLS, CURLINFO_APPCONNECT_TIME_T);
	note_part(attempt, PROBE_FIRST_BYTE, CURLINFO_STARTTRANSFER_TIME_T);
	transfer_ended(attempt, code);
}

static void transfer_failed(void *arg)
{
	finish(arg, WHY_OWN_FAULT, "the socket cannot be watched", "", "");
}

/* --- the start of an attempt --- */

/* A name or IP literal as it stands in a URL and in the Host header. Freed by the caller; NULL: no memory. */
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

/* The host of the URL is what goes into SNI and is looked for in the certificate. */
static bool set_url(struct attempt *attempt)
{
	const struct check *check = probe_check(attempt->probe);
	const char *host = probe_host(attempt->probe);
	const char *name = attempt->secure ? attempt->peer.name : host;
	unsigned default_port = attempt->secure ? 443 : 80;
	char *own = host_part(host, check->port, default_port);
	char *place = host_part(name, check->port, default_port);
	char *url = NULL, *header = NULL;
	bool good = false;

	if (!own || !place)
		goto out;
	if (asprintf(&url, "%s://%s%s", attempt->secure ? "https" : "http", place, check->path) < 0)
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

/* Whatever the URL says, libcurl's connection goes to the address: nothing is resolved. The zone is the socket's matter. */
static bool set_address(struct attempt *attempt)
{
	struct address address = *probe_address(attempt->probe);
	char text[ADDRESS_TEXT_MAX], to[ADDRESS_TEXT_MAX + 16];
	char *part;

	address.scope_id = 0;
	part = host_part(address_format(&address, text), probe_check(attempt->probe)->port, 0);
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
	const struct check *check = probe_check(attempt->probe);
	CURL *easy = attempt->transfer.easy;

	if (strcmp(check->method, "GET") == 0)
		return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	if (strcmp(check->method, "HEAD") == 0)
		return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
	/* Where a body is usual, servers may refuse a request that does not say that it has none (RFC 9110 8.6). */
	if (check->method[0] == 'P' && !add_header(attempt, "Content-Length: 0"))
		return false;
	return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, check->method) == CURLE_OK;
}

static bool set_headers(struct attempt *attempt)
{
	const struct check *check = probe_check(attempt->probe);
	int bad = 0;

	for (size_t i = 0; i < check->header_count; i++) {
		if (!add_header(attempt, check->headers[i]))
			return false;
	}
	if (check->credentials) {
		bad |= curl_easy_setopt(attempt->transfer.easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		bad |= curl_easy_setopt(attempt->transfer.easy, CURLOPT_USERPWD,
		                        check->credentials);
	}
	return !bad;
}

/* Encodings are offered only where the body is read, so that nobody packs one for nothing. */
static bool set_body(struct attempt *attempt)
{
	const struct check *check = probe_check(attempt->probe);

	if (!check->expect_body || !check->expect_body[0])
		return true;
	return body_search_init(&attempt->search, check->expect_body, check->body_limit) &&
	       curl_easy_setopt(attempt->transfer.easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate") ==
	               CURLE_OK;
}

static bool set_tls(struct attempt *attempt)
{
	CURL *easy = attempt->transfer.easy;
	int bad = 0;

	if (!attempt->secure)
		return true;
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, (long)(attempt->peer.store != NULL));
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST,
	                        0L); /* it is trust_context_init()'s */
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, configure_tls);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, attempt);
	return !bad;
}

static bool set_callbacks(struct attempt *attempt)
{
	CURL *easy = attempt->transfer.easy;
	int bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, attempt->error);
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, take_socket);
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, attempt);
	bad |= curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, socket_is_connected);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, attempt);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, attempt);
	return !bad;
}

static bool set_options(struct attempt *attempt)
{
	long timeout = (long)probe_check(attempt->probe)->timeout + CURL_SLACK_MS;
	CURL *easy = attempt->transfer.easy;
	int bad = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		bad |= curl_easy_setopt(easy, options[i].option, options[i].value);
	bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout);
	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, attempt->secure ? "https" : "http");
	bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	bad |= curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT);
	return !bad;
}

static bool hand_over(struct attempt *attempt)
{
	attempt->transfer = (struct transfer){ .easy = curl_easy_init(),
		                               .done = transfer_done,
		                               .failed = transfer_failed,
		                               .arg = attempt };
	return attempt->transfer.easy && set_options(attempt) && set_callbacks(attempt) &&
	       set_url(attempt) && set_address(attempt) && set_method(attempt) &&
	       set_headers(attempt) && set_tls(attempt) && set_body(attempt) &&
	       transfer_start(attempt->owner->loop, &attempt->transfer);
}

static void connected(void *arg, int fd)
{
	struct attempt *attempt = arg;

	attempt->connecting = NULL;
	attempt->connected_us = clock_us();
	attempt->fd = fd;
	if (!hand_over(attempt))
		finish(attempt, WHY_OWN_FAULT, "libcurl cannot start: out of memory", "", "");
}

static void not_connected(void *arg)
{
	struct attempt *attempt = arg;

	attempt->connecting = NULL;
	attempt_free(attempt);
}

static struct attempt *attempt_new(struct probe_http *http, struct probe *probe)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));

	if (!attempt)
		return NULL;
	attempt->owner = http;
	attempt->probe = probe;
	attempt->secure = probe_check(probe)->type == CHECK_HTTPS;
	attempt->fd = -1;
	return attempt;
}

static bool find_trust(struct attempt *attempt)
{
	return !attempt->secure ||
	       trust_peer_init(attempt->owner->trust, &attempt->peer, probe_check(attempt->probe),
	                       probe_host(attempt->probe));
}

static void http_start(struct probe *probe)
{
	struct attempt *attempt = attempt_new(probe_kind_of(probe)->context, probe);
	struct connect_attempt *connecting;

	if (!attempt) {
		probe_finish(probe, WHY_OWN_FAULT, "out of memory");
		return;
	}
	if (!find_trust(attempt)) {
		finish(attempt, WHY_OWN_FAULT, attempt->peer.words, "", "");
		return;
	}
	connecting = connect_start(probe, connected, not_connected, attempt);
	if (!connecting)
		return;
	attempt->connecting = connecting;
	probe_set_attempt(probe, attempt);
}

static void http_cancel(void *attempt)
{
	attempt_free(attempt);
}

static const char *http_stage(const void *arg)
{
	const struct attempt *attempt = arg;
	curl_off_t handshake_us = 0;

	if (attempt->connecting)
		return "connect";
	curl_easy_getinfo(attempt->transfer.easy, CURLINFO_APPCONNECT_TIME_T, &handshake_us);
	if (attempt->secure && handshake_us == 0)
		return "TLS";
	if (!has_first_byte(attempt))
		return "first byte";
	return attempt->headers_done ? "body" : "headers";
}

struct probe_http *probe_http_new(struct event_base *base, struct trust *trust)
{
	struct probe_http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->loop = transfer_loop_new(base);
	http->http = (struct probe_kind){
		.start = http_start, .cancel = http_cancel, .stage = http_stage, .context = http
	};
	http->https = http->http;
	http->https.cost = PROBE_HANDSHAKE;
	http->trust = trust;
	if (http->loop)
		return http;
	probe_http_free(http);
	return NULL;
}

void probe_http_free(struct probe_http *http)
{
	if (!http)
		return;
	transfer_loop_free(http->loop);
	free(http);
}

const struct probe_kind *probe_http_kind(const struct probe_http *http)
{
	return &http->http;
}

const struct probe_kind *probe_https_kind(const struct probe_http *http)
{
	return &http->https;
}
