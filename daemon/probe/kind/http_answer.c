#include "probe/kind/http_answer.h"

#include <string.h>

#include "probe/kind/header.h"
#include "probe/trust/trust_peer.h"

bool http_answer_init(struct http_answer *answer, const struct check *check)
{
	*answer = (struct http_answer){ .status = 0 };
	if (!check->expect_body || !check->expect_body[0])
		return true;
	return body_search_init(&answer->search, check->expect_body, check->body_limit);
}

void http_answer_free(struct http_answer *answer)
{
	body_search_free(&answer->search);
}

/* --- during the transfer --- */

static bool status_is_expected(const struct check *check, long status)
{
	for (size_t i = 0; i < check->expect_status_count; i++) {
		const struct status_range *range = &check->expect_status[i];

		if (status >= range->first && status <= range->last)
			return true;
	}
	return false;
}

static bool is_searched(const struct http_answer *answer, const struct check *check)
{
	return answer->search.window && answer->header_found &&
	       status_is_expected(check, answer->status);
}

bool http_answer_wants_plain(const struct http_answer *answer, const struct check *check)
{
	return answer->headers_done && is_searched(answer, check) && !answer->is_plain &&
	       answer->codings.unknown > 0;
}

static bool is_packed_twice(const struct http_answer *answer)
{
	return !answer->is_plain && answer->codings.known > BODY_CODINGS_MAX;
}

static bool wants_body(const struct http_answer *answer, const struct check *check)
{
	return is_searched(answer, check) && !is_packed_twice(answer) &&
	       !http_answer_wants_plain(answer, check);
}

/* Called for the headers of each answer; those of interim answers do not count. */
static void look_for_header(struct http_answer *answer, const struct check *check, const char *line,
                            size_t size)
{
	const char *expected = check->expect_header;

	if (!expected || (size >= 5 && memcmp(line, "HTTP/", 5) == 0))
		answer->header_found = !expected;
	else if (header_matches(expected, line, size))
		answer->header_found = true;
}

bool http_answer_header(struct http_answer *answer, const struct check *check, const char *line,
                        size_t size, long status)
{
	bool is_empty = line[0] == '\r' || line[0] == '\n'; /* as defined by libcurl */

	answer->header_bytes += size;
	if (answer->header_bytes > HTTP_ANSWER_HEADERS_MAX)
		return false;
	if (answer->headers_done)
		return true;
	if (!is_empty) {
		body_codings_add(&answer->codings, line, size);
		look_for_header(answer, check, line, size);
		return true;
	}
	answer->status = status;
	/* Interim answers precede the final one; 101 is final. */
	if (status < 200 && status != 101)
		return true;
	answer->headers_done = true;
	return wants_body(answer, check);
}

bool http_answer_body(struct http_answer *answer, const struct check *check, const char *data,
                      size_t size)
{
	return answer->search.window && check->expect_body &&
	       body_search_feed(&answer->search, check->expect_body, data, size);
}

/* --- after the transfer --- */

#define TOO_LARGE ((CURLcode)100) /* CURLE_TOO_LARGE; not in the headers of libcurl before 8.6 */

/*
 * The meaning of libcurl's codes once the connection has been established. Its own texts differ
 * between releases and are never shown. For WHY_TLS see trust_peer_ending(), for WHY_CLOSED the
 * connection's errno. docs/verdicts.md has the evidence for each WHY_OWN_FAULT.
 */
static const struct outcome {
	CURLcode code;
	enum probe_why why;
	const char *words; /* NULL: use the text about the connection or TLS */
} outcomes[] = { { CURLE_UNSUPPORTED_PROTOCOL, WHY_PROTOCOL,
	           "the answer is not HTTP" }, /* including HTTP/0.9 */
	         { CURLE_WEIRD_SERVER_REPLY, WHY_PROTOCOL, "the answer is not HTTP" },
	         { TOO_LARGE, WHY_PROTOCOL, "headers over 16 KB" },
	         { CURLE_GOT_NOTHING, WHY_CLOSED, "connection closed without an answer" },
	         { CURLE_PARTIAL_FILE, WHY_CLOSED, "connection closed" },
	         { CURLE_RECV_ERROR, WHY_CLOSED, NULL },
	         { CURLE_SEND_ERROR, WHY_CLOSED, NULL },
	         /* The socket was connected: see errno. */
	         { CURLE_COULDNT_CONNECT, WHY_CLOSED, NULL },
	         { CURLE_SSL_CONNECT_ERROR, WHY_TLS, NULL },
	         { CURLE_PEER_FAILED_VERIFICATION, WHY_TLS, NULL },
	         { CURLE_SSL_CLIENTCERT, WHY_TLS, NULL },
	         { CURLE_SSL_CERTPROBLEM, WHY_OWN_FAULT, NULL }, /* only from configure_tls() */
	         { CURLE_BAD_CONTENT_ENCODING, WHY_BODY, "it cannot be unpacked" },
	         { CURLE_OUT_OF_MEMORY, WHY_OWN_FAULT, "out of memory" },
	         { CURLE_FAILED_INIT, WHY_OWN_FAULT, "libcurl cannot start" },
	         { CURLE_NOT_BUILT_IN, WHY_OWN_FAULT, "libcurl lacks what the check needs" },
	         { CURLE_COULDNT_RESOLVE_HOST, WHY_OWN_FAULT,
	           "libcurl refuses the address" }, /* the address is a literal */
	         { CURLE_SSL_CACERT_BADFILE, WHY_OWN_FAULT,
	           "libcurl wants a CA file" }, /* no CA file is given */
	         { CURLE_URL_MALFORMAT, WHY_OWN_FAULT, "libcurl refuses the URL" },
	         { CURLE_BAD_FUNCTION_ARGUMENT, WHY_OWN_FAULT, "libcurl refuses an option" },
	         { CURLE_UNKNOWN_OPTION, WHY_OWN_FAULT, "libcurl refuses an option" },
	         { CURLE_OPERATION_TIMEDOUT, WHY_OWN_FAULT, "the deadline was missed" },
	         { CURLE_OK, WHY_OTHER, NULL } };

static const struct outcome *find_outcome(CURLcode code)
{
	const struct outcome *outcome = outcomes;

	while (outcome->code != CURLE_OK && outcome->code != code)
		outcome++;
	return outcome;
}

static void end_by_code(const struct http_end *end, struct ending *ending)
{
	const struct outcome *outcome = find_outcome(end->code);

	if (outcome->words)
		ending_set(ending, outcome->why, "%s", outcome->words);
	else if (outcome->why == WHY_OWN_FAULT)
		ending_set(ending, outcome->why, "%s", end->peer ? end->peer->words : "");
	else if (end->peer && (outcome->why == WHY_TLS || end->peer->error))
		trust_peer_ending(end->peer, end->error, ending);
	else if (outcome->why == WHY_CLOSED)
		ending_set_broken(ending, "", end->error);
	else
		ending_set(ending, WHY_OTHER, "libcurl: %s", curl_easy_strerror(end->code));
}

/* libcurl has no separate code for malformed chunks. */
static const char *body_words(const struct http_end *end, const char *words)
{
	if (end->code == CURLE_OUT_OF_MEMORY || end->code == TOO_LARGE)
		return "a trailer without end";
	if (end->code == CURLE_RECV_ERROR && !end->error && !end->peer)
		return "wrong chunks";
	if (end->code == CURLE_RECV_ERROR && !end->error && !end->peer->error)
		return "connection closed, or wrong chunks";
	return words;
}

/* The answer's headers were not complete. */
static void end_unanswered(const struct http_end *end, struct ending *ending)
{
	if (end->code == CURLE_OK || end->code == CURLE_PARTIAL_FILE)
		ending_set(ending, WHY_CLOSED, "connection closed within the headers");
	else
		end_by_code(end, ending);
}

static void end_in_body(const struct http_answer *answer, const struct check *check,
                        const struct http_end *end, struct ending *ending)
{
	struct ending broken;
	bool is_over = end->code == CURLE_OK ||
	               (end->code == CURLE_WRITE_ERROR && answer->search.left == 0);

	if (is_packed_twice(answer)) {
		ending_set(ending, WHY_BODY, "the body is compressed more than once");
	} else if (is_over) {
		ending_set(ending, WHY_BODY, "body without \"%s\"", check->expect_body);
	} else {
		end_by_code(end, &broken);
		ending_set(ending, WHY_BODY, "in the body: %s", body_words(end, broken.text));
		ending->path = broken.path;
	}
}

static void end_answered(const struct http_answer *answer, const struct check *check,
                         const struct http_end *end, struct ending *ending)
{
	if (!status_is_expected(check, answer->status))
		ending_set(ending, WHY_STATUS, "status %ld", answer->status);
	else if (!answer->header_found)
		ending_set(ending, WHY_HEADER, "headers without \"%s\"", check->expect_header);
	else if (!answer->search.window || answer->search.found)
		ending_set(ending, WHY_PASS, "%s", "");
	else
		end_in_body(answer, check, end, ending);
}

void http_answer_ending(const struct http_answer *answer, const struct check *check,
                        const struct http_end *end, struct ending *ending)
{
	/* libcurl before 8.6 reports a single endless header as lack of memory. */
	bool is_endless = end->code == CURLE_OUT_OF_MEMORY && end->has_answer;

	if (answer->header_bytes > HTTP_ANSWER_HEADERS_MAX || (is_endless && !answer->headers_done))
		ending_set(ending, WHY_PROTOCOL, "headers over 16 KB");
	else if (answer->headers_done)
		end_answered(answer, check, end, ending);
	else
		end_unanswered(end, ending);
}
