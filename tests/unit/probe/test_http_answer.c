/* What an HTTP answer, or the lack of one, says of an endpoint: by libcurl's code and the connection's errno, never by its texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/probe/kind/http_answer.h"
#include "daemon/probe/trust/trust_peer.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct status_range good = { 200, 399 };

static struct check check_of(const char *body, const char *header)
{
	return (struct check){ .expect_status = &good,
		               .expect_status_count = 1,
		               .expect_body = (char *)body,
		               .expect_header = (char *)header,
		               .body_limit = 100 };
}

static void feed(struct http_answer *answer, const struct check *check, const char *const *lines,
                 long status)
{
	for (; *lines; lines++)
		http_answer_header(answer, check, *lines, strlen(*lines), status);
}

/* Without a byte of an answer, over plain HTTP. */
static void unanswered(void **state)
{
	static const struct {
		CURLcode code;
		int error;
		enum probe_why why;
		enum probe_path path;
		const char *text;
	} cases[] = {
		{ CURLE_COULDNT_CONNECT, ECONNRESET, WHY_CLOSED, PATH_PROVEN, "connection reset" },
		{ CURLE_COULDNT_CONNECT, ENOTCONN, WHY_CLOSED, PATH_PROVEN, "connection closed" },
		{ CURLE_COULDNT_CONNECT, 0, WHY_CLOSED, PATH_PROVEN, "connection closed" },
		{ CURLE_COULDNT_CONNECT, ENOBUFS, WHY_OWN_FAULT, PATH_UNKNOWN, "out of memory" },
		{ CURLE_SEND_ERROR, EPIPE, WHY_CLOSED, PATH_PROVEN, "connection reset" },
		{ CURLE_SEND_ERROR, ECONNRESET, WHY_CLOSED, PATH_PROVEN, "connection reset" },
		{ CURLE_RECV_ERROR, ECONNRESET, WHY_CLOSED, PATH_PROVEN, "connection reset" },
		{ CURLE_RECV_ERROR, ETIMEDOUT, WHY_TIMEOUT, PATH_SILENT, "no answer" },
		{ CURLE_RECV_ERROR, EHOSTUNREACH, WHY_NO_ROUTE, PATH_SILENT,
		  "no route: host unreachable" },
		{ CURLE_RECV_ERROR, ENETDOWN, WHY_NO_ROUTE, PATH_SILENT, "no route: network down" },
		{ CURLE_RECV_ERROR, ENOMEM, WHY_OWN_FAULT, PATH_UNKNOWN, "out of memory" },
		{ CURLE_GOT_NOTHING, 0, WHY_CLOSED, PATH_PROVEN,
		  "connection closed without an answer" },
		{ CURLE_OK, 0, WHY_CLOSED, PATH_PROVEN, "connection closed within the headers" },
		{ CURLE_WEIRD_SERVER_REPLY, 0, WHY_PROTOCOL, PATH_PROVEN,
		  "the answer is not HTTP" },
		{ (CURLcode)100, 0, WHY_PROTOCOL, PATH_PROVEN, "headers over 16 KB" },
		{ CURLE_OUT_OF_MEMORY, 0, WHY_OWN_FAULT, PATH_UNKNOWN, "out of memory" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct check check = check_of(NULL, NULL);
		const struct http_end end = { .code = cases[i].code, .error = cases[i].error };
		struct http_answer answer;
		struct ending ending;

		assert_true(http_answer_init(&answer, &check));
		http_answer_ending(&answer, &check, &end, &ending);
		assert_string_equal(ending.text, cases[i].text);
		assert_int_equal(ending.why, cases[i].why);
		assert_int_equal(ending.path, cases[i].path);
		http_answer_free(&answer);
	}
}

/* Any code that is not proven to be ours, known or not, is the endpoint's failure, whatever errno says but a lack of memory. */
static void own_faults_are_few(void **state)
{
#define OURS(code)                                                                                 \
	{                                                                                          \
		code, "`" #code "`"                                                                \
	}
	static const struct {
		CURLcode code;
		const char *name;
	} ours[] = { OURS(CURLE_FAILED_INIT),          OURS(CURLE_URL_MALFORMAT),
		     OURS(CURLE_NOT_BUILT_IN),         OURS(CURLE_OUT_OF_MEMORY),
		     OURS(CURLE_OPERATION_TIMEDOUT),   OURS(CURLE_BAD_FUNCTION_ARGUMENT),
		     OURS(CURLE_UNKNOWN_OPTION),       OURS(CURLE_SSL_CERTPROBLEM),
		     OURS(CURLE_COULDNT_RESOLVE_HOST), OURS(CURLE_SSL_CACERT_BADFILE) };
	static char text[65536];
	FILE *file = fopen("docs/verdicts.md", "r");
	const struct check check = check_of(NULL, NULL);

	(void)state;
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	for (size_t i = 0; i < COUNT(ours); i++) {
		if (!strstr(text, ours[i].name))
			fail_msg("docs/verdicts.md has no proof of %s", ours[i].name);
	}
	for (int code = 0; code < 128; code++) {
		const struct http_end end = { .code = (CURLcode)code, .error = ECONNRESET };
		struct http_answer answer;
		struct ending ending;
		bool is_ours = false;

		for (size_t i = 0; i < COUNT(ours); i++)
			is_ours |= (int)ours[i].code == code;
		assert_true(http_answer_init(&answer, &check));
		http_answer_ending(&answer, &check, &end, &ending);
		if ((probe_why_verdict(ending.why) == VERDICT_NONE) != is_ours)
			fail_msg("code %d: \"%s\"", code, ending.text);
		http_answer_free(&answer);
	}
}

/* One header without end is "out of memory" to libcurl before 8.6. */
static void endless_header(void **state)
{
	const struct check check = check_of(NULL, NULL);
	const struct http_end end = { .code = CURLE_OUT_OF_MEMORY, .has_answer = true };
	struct http_answer answer;
	struct ending ending;

	(void)state;
	assert_true(http_answer_init(&answer, &check));
	http_answer_ending(&answer, &check, &end, &ending);
	assert_string_equal(ending.text, "headers over 16 KB");
	assert_int_equal(ending.why, WHY_PROTOCOL);
	http_answer_free(&answer);
}

static void in_tls(void **state)
{
	static const struct {
		CURLcode code;
		int error;
		int reason;
		const char *certificate;
		enum probe_why why;
		const char *text;
	} cases[] = {
		{ CURLE_SSL_CONNECT_ERROR, 0, 0, "", WHY_CLOSED, "TLS: connection closed" },
		{ CURLE_SSL_CONNECT_ERROR, ECONNRESET, 0, "", WHY_CLOSED, "TLS: connection reset" },
		{ CURLE_SSL_CONNECT_ERROR, 0, SSL_R_UNEXPECTED_EOF_WHILE_READING, "", WHY_CLOSED,
		  "TLS: connection closed" },
		{ CURLE_SSL_CONNECT_ERROR, 0, SSL_R_WRONG_VERSION_NUMBER, "", WHY_TLS,
		  "TLS: the answer is not TLS" },
		{ CURLE_SSL_CONNECT_ERROR, 0, SSL_R_NO_PROTOCOLS_AVAILABLE, "", WHY_TLS,
		  "TLS: no protocols available" },
		{ CURLE_SSL_CONNECT_ERROR, 0, ERR_R_MALLOC_FAILURE, "", WHY_OWN_FAULT,
		  "out of memory" },
		{ CURLE_PEER_FAILED_VERIFICATION, 0, SSL_R_CERTIFICATE_VERIFY_FAILED,
		  "certificate is self-signed", WHY_CERTIFICATE, "certificate is self-signed" },
		{ CURLE_SSL_CLIENTCERT, 0, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "", WHY_TLS,
		  "TLS: a client certificate is required" },
		{ CURLE_RECV_ERROR, ECONNRESET, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "",
		  WHY_TLS, "TLS: a client certificate is required" },
		{ CURLE_RECV_ERROR, ECONNRESET, 0, "", WHY_CLOSED, "connection reset" },
		{ CURLE_COULDNT_CONNECT, ECONNRESET, 0, "", WHY_CLOSED, "connection reset" },
		{ CURLE_SSL_CERTPROBLEM, 0, 0, "cannot use it", WHY_OWN_FAULT, "cannot use it" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct check check = check_of(NULL, NULL);
		struct trust_peer *peer = calloc(1, sizeof(*peer) + 1);
		const struct http_end end = { .code = cases[i].code,
			                      .error = cases[i].error,
			                      .peer = peer };
		struct http_answer answer;
		struct ending ending;

		assert_non_null(peer);
		peer->references = 1;
		strcpy(peer->words, cases[i].certificate);
		trust_peer_note(peer,
		                cases[i].reason ? ERR_PACK(ERR_LIB_SSL, 0, cases[i].reason) : 0);
		assert_true(http_answer_init(&answer, &check));
		http_answer_ending(&answer, &check, &end, &ending);
		assert_string_equal(ending.text, cases[i].text);
		assert_int_equal(ending.why, cases[i].why);
		http_answer_free(&answer);
		trust_peer_release(peer);
	}
}

static void answered(void **state)
{
	static const struct {
		const char *body, *header; /* that are expected */
		const char *lines[4];
		long status;
		CURLcode code;
		int error;
		const char *data; /* of the body; NULL: none is wanted */
		enum probe_why why;
		const char *text;
	} cases[] = {
		{ NULL,
		  NULL,
		  { "HTTP/1.1 200 OK\r\n", "\r\n" },
		  200,
		  CURLE_WRITE_ERROR,
		  0,
		  NULL,
		  WHY_PASS,
		  "" },
		{ NULL,
		  NULL,
		  { "HTTP/1.1 503 No\r\n", "\r\n" },
		  503,
		  CURLE_WRITE_ERROR,
		  0,
		  NULL,
		  WHY_STATUS,
		  "status 503" },
		{ NULL,
		  "X: y",
		  { "HTTP/1.1 200 OK\r\n", "\r\n" },
		  200,
		  CURLE_WRITE_ERROR,
		  0,
		  NULL,
		  WHY_HEADER,
		  "headers without \"X: y\"" },
		{ "up",
		  NULL,
		  { "HTTP/1.1 200 OK\r\n", "\r\n" },
		  200,
		  CURLE_WRITE_ERROR,
		  0,
		  "all up",
		  WHY_PASS,
		  "" },
		{ "up",
		  NULL,
		  { "HTTP/1.1 200 OK\r\n", "\r\n" },
		  200,
		  CURLE_OK,
		  0,
		  "down",
		  WHY_BODY,
		  "body without \"up\"" },
		{ "up",
		  NULL,
		  { "HTTP/1.1 200 OK\r\n", "\r\n" },
		  200,
		  CURLE_PARTIAL_FILE,
		  0,
		  "d",
		  WHY_BODY,
		  "in the body: connection closed" },
		{ "up",
		  NULL,
		  { "HTTP/1.1 200 OK\r\n", "\r\n" },
		  200,
		  CURLE_RECV_ERROR,
		  ECONNRESET,
		  "d",
		  WHY_BODY,
		  "in the body: connection reset" },
		{ "up",
		  NULL,
		  { "HTTP/1.1 200 OK\r\n", "\r\n" },
		  200,
		  CURLE_RECV_ERROR,
		  0,
		  "d",
		  WHY_BODY,
		  "in the body: wrong chunks" },
		{ "up",
		  NULL,
		  { "HTTP/1.1 200 OK\r\n", "\r\n" },
		  200,
		  CURLE_OUT_OF_MEMORY,
		  0,
		  "d",
		  WHY_BODY,
		  "in the body: a trailer without end" },
		{ "up",
		  NULL,
		  { "HTTP/1.1 200 OK\r\n", "\r\n" },
		  200,
		  (CURLcode)100,
		  0,
		  "d",
		  WHY_BODY,
		  "in the body: a trailer without end" },
		{ "up",
		  NULL,
		  { "HTTP/1.1 200 OK\r\n", "Content-Encoding: gzip, br\r\n", "\r\n" },
		  200,
		  CURLE_WRITE_ERROR,
		  0,
		  NULL,
		  WHY_BODY,
		  "the body is compressed more than once" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct check check = check_of(cases[i].body, cases[i].header);
		const struct http_end end = { .code = cases[i].code,
			                      .error = cases[i].error,
			                      .has_answer = true };
		struct http_answer answer;
		struct ending ending;

		assert_true(http_answer_init(&answer, &check));
		feed(&answer, &check, cases[i].lines, cases[i].status);
		if (cases[i].data)
			http_answer_body(&answer, &check, cases[i].data, strlen(cases[i].data));
		assert_false(http_answer_wants_plain(&answer, &check));
		http_answer_ending(&answer, &check, &end, &ending);
		assert_string_equal(ending.text, cases[i].text);
		assert_int_equal(ending.why, cases[i].why);
		http_answer_free(&answer);
	}
}

/* A coding that libcurl does not know: the body is asked for again, once, and only where it counts. */
static void unknown_coding(void **state)
{
	static const char *const lines[] = { "HTTP/1.1 200 OK\r\n", "Content-Encoding: UTF-8\r\n",
		                             "\r\n", NULL };
	const struct check search = check_of("up", NULL), status = check_of(NULL, NULL);
	struct http_answer answer;

	(void)state;
	assert_true(http_answer_init(&answer, &search));
	feed(&answer, &search, lines, 200);
	assert_true(http_answer_wants_plain(&answer, &search));
	http_answer_free(&answer);

	assert_true(http_answer_init(&answer, &search));
	answer.is_plain = true;
	feed(&answer, &search, lines, 200);
	assert_false(http_answer_wants_plain(&answer, &search));
	assert_false(http_answer_body(&answer, &search, "up", 2));
	assert_true(answer.search.found);
	http_answer_free(&answer);

	assert_true(http_answer_init(&answer, &status));
	feed(&answer, &status, lines, 200);
	assert_false(http_answer_wants_plain(&answer, &status));
	http_answer_free(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unanswered),     cmocka_unit_test(own_faults_are_few),
		cmocka_unit_test(endless_header), cmocka_unit_test(in_tls),
		cmocka_unit_test(answered),       cmocka_unit_test(unknown_coding),
	};

	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
	                 NULL); /* OpenSSL's words */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
