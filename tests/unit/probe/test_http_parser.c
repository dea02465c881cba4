/* Answers that are read without libcurl, and those that are left to it; however they arrive. */
#include "tests/support/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/probe/plain/http_parser.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define UNUSUAL NULL /* instead of the words */

static const struct status_range good = { 200, 399 };

/* `words` of the verdict: "" for a pass. The peer closes after each answer. */
static const struct row {
	const char *body; /* that is wanted; NULL: none */
	const char *answer;
	const char *words;
} rows[] = {
	{ NULL, OK "\r\n", "" },
	{ NULL, "HTTP/1.0 200\r\n\r\n", "" },
	{ NULL, "HTTP/1.1 503 no\r\nContent-Length: 3\r\n\r\n", "status 503" },
	{ NULL, "HTTP/1.1 999 x\r\n\r\n", "status 999" },
	{ NULL, OK "Content-Encoding: gzip\r\n\r\n", "" },
	{ NULL, "HTTP/1.1 302 x\r\nLocation: /y\r\n\r\n", "" },
	{ NULL, "", "connection closed without an answer" },
	{ NULL, "HTTP/1.1 20", "connection closed without an answer" },
	{ NULL, OK "Server: x", "connection closed within the headers" },
	{ "ok", OK "Content-Length: 5\r\n\r\nit ok", "" },
	{ "ok", OK "content-length:\t5 \r\n\r\nit no", "body without \"ok\"" },
	{ "ok", OK "Content-Length: 1\r\n\r\nok", "body without \"ok\"" },
	{ "ok", OK "Content-Length: 0\r\n\r\nok", "body without \"ok\"" },
	{ "ok", OK "Content-Length: 9\r\n\r\nit", "in the body: connection closed" },
	{ "ok", "HTTP/1.1 204 x\r\n\r\nok", "body without \"ok\"" },
	{ "ok", "HTTP/1.1 304 x\r\nContent-Length: 2\r\n\r\nok", "body without \"ok\"" },
	{ "ok", OK "\r\nit is ok", "" },
	{ "ok", OK "\r\nit is", "body without \"ok\"" },
	{ "ok", CHUNKED "3\r\nit \r\n02\r\nok\r\n0\r\n\r\n", "" },
	{ "ok", CHUNKED "1\r\no\r\nA\r\nk.........\r\n0\r\n\r\n", "" },
	{ "ok", CHUNKED "1\r\no\r\n0\r\n\r\nk", "body without \"ok\"" },
	{ "ok", CHUNKED "5\r\nit", "in the body: connection closed" },
	{ "ok", CHUNKED "2\r\nit\r\n", "in the body: connection closed" },
	{ "ok", CHUNKED "2\r\nit\r\n0\r\n", "in the body: connection closed" },
	/* left to libcurl */
	{ NULL, "SSH-2.0-OpenSSH\r\n", UNUSUAL },
	{ NULL, "http/1.1 200 OK\r\n\r\n", UNUSUAL },
	{ NULL, "HTTP/2 200\r\n\r\n", UNUSUAL },
	{ NULL, "HTTP/1.1  200 OK\r\n\r\n", UNUSUAL },
	{ NULL, "HTTP/1.1 200OK\r\n\r\n", UNUSUAL },
	{ NULL, "HTTP/1.1 2000 OK\r\n\r\n", UNUSUAL },
	{ NULL, "HTTP/1.1 100 Continue\r\n\r\n" OK "\r\n", UNUSUAL },
	{ NULL, "HTTP/1.1 101 x\r\n\r\n", UNUSUAL },
	{ NULL, "HTTP/1.1 200 OK\n\r\n", UNUSUAL },
	{ NULL, OK "A: b\n\r\n", UNUSUAL },
	{ NULL, OK "A: b\r\n\n", UNUSUAL },
	{ NULL, OK "A: b\r\n c\r\n\r\n", UNUSUAL },
	{ NULL, OK "A : b\r\n\r\n", UNUSUAL },
	{ NULL, OK "A\r\n\r\n", UNUSUAL },
	{ NULL, OK ": b\r\n\r\n", UNUSUAL },
	{ NULL, OK "A: b\rc\r\n\r\n", UNUSUAL },
	{ NULL, OK "A: \x01\r\n\r\n", UNUSUAL },
	{ NULL, OK "Content-Length: 1x\r\n\r\n", UNUSUAL },
	{ NULL, OK "Content-Length:\r\n\r\n", UNUSUAL },
	{ NULL, OK "Content-Length: -1\r\n\r\n", UNUSUAL },
	{ NULL, OK "Content-Length: 1234567890123456\r\n\r\n", UNUSUAL },
	{ NULL, OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", UNUSUAL },
	{ NULL, OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", UNUSUAL },
	{ NULL, OK "Transfer-Encoding: gzip\r\n\r\n", UNUSUAL },
	{ NULL, OK "Transfer-Encoding: chunked, chunked\r\n\r\n", UNUSUAL },
	{ NULL, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", UNUSUAL },
	{ "ok", OK "Content-Encoding: gzip\r\n\r\n", UNUSUAL },
	{ "ok", "HTTP/1.1 302 x\r\nLocation: /y\r\n\r\nok", UNUSUAL },
	{ NULL, OK "A: b\r\n\r", UNUSUAL },
	{ NULL, OK "\rA: b", UNUSUAL },
	{ NULL, OK "Location: /y\r\nlocation: /y\r\n\r\n", UNUSUAL },
	{ "ok", CHUNKED "2;x\r\nok\r\n0\r\n\r\n", UNUSUAL },
	{ "ok", CHUNKED "2 \r\nit\r\n0\r\n\r\n", UNUSUAL },
	{ "ok", CHUNKED "x\r\n", UNUSUAL },
	{ "ok", CHUNKED "\r\n", UNUSUAL },
	{ "ok", CHUNKED "123456789\r\n", UNUSUAL },
	{ "ok", CHUNKED "2\r\nitxx", UNUSUAL },
	{ "ok", CHUNKED "2\nok\r\n0\r\n\r\n", UNUSUAL },
	{ "ok", CHUNKED "1\r\no\r\n0\r\nX: y\r\n\r\n", UNUSUAL },
};

static struct check check_of(const char *body)
{
	return (struct check){ .expect_status = &good,
		               .expect_status_count = 1,
		               .expect_body = body,
		               .body_limit = 5120 };
}

struct reading {
	struct check check;
	struct http_answer answer;
	struct http_parser parser;
};

static void begin(struct reading *reading, const char *body)
{
	reading->check = check_of(body);
	assert_true(http_answer_init(&reading->answer, &reading->check));
	http_parser_init(&reading->parser, &reading->answer, &reading->check);
}

/* In memory of its own, so that a read beyond it is found. */
static bool feed(struct reading *reading, const char *data, size_t size)
{
	char *copy = malloc(size + 1);
	enum http_reading more;

	memcpy(copy, data, size);
	more = http_parser_feed(&reading->parser, copy, size);
	free(copy);
	return more == HTTP_READING_MORE;
}

static void end(struct reading *reading, bool more, size_t size, const char *words)
{
	struct http_end how = { .has_answer = size > 0 };
	struct ending ending;

	if (more)
		http_parser_closed(&reading->parser);
	if (!words) {
		assert_int_equal(reading->parser.reading, HTTP_READING_UNUSUAL);
	} else {
		assert_int_equal(reading->parser.reading, HTTP_READING_DONE);
		how.code = reading->parser.code;
		http_answer_ending(&reading->answer, &reading->check, &how, &ending);
		assert_string_equal(ending.text, words);
	}
	http_parser_free(&reading->parser);
	http_answer_free(&reading->answer);
}

/* In two pieces, split everywhere, and byte by byte. */
static void each_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *answer = rows[i].answer;
		size_t size = strlen(answer);
		struct reading reading;
		bool more = true;

		for (size_t split = 0; split <= size; split++) {
			begin(&reading, rows[i].body);
			more = feed(&reading, answer, split) &&
			       feed(&reading, answer + split, size - split);
			end(&reading, more, size, rows[i].words);
		}
		begin(&reading, rows[i].body);
		more = true;
		for (size_t at = 0; more && at < size; at++)
			more = feed(&reading, answer + at, 1);
		end(&reading, more, size, rows[i].words);
	}
}

static void zero_byte(void **state)
{
	static const char answer[] = OK "A: b\0c\r\n\r\n";
	struct reading reading;

	(void)state;
	begin(&reading, NULL);
	end(&reading, feed(&reading, answer, sizeof(answer) - 1), 1, UNUSUAL);
}

static void too_long(void **state)
{
	static char line[HTTP_ANSWER_HEADERS_MAX + 1];
	struct reading reading;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[1] = ':';
	line[2] = ' ';
	begin(&reading, NULL);
	assert_true(feed(&reading, OK, strlen(OK)));
	end(&reading, feed(&reading, line, sizeof(line)), 1, UNUSUAL);
	begin(&reading, NULL);
	assert_true(feed(&reading, OK, strlen(OK)));
	line[9000] = '\r';
	line[9001] = '\n';
	assert_true(feed(&reading, line, 9002));
	end(&reading, feed(&reading, line, 9002), 1, "headers over 16 KB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer),
		cmocka_unit_test(zero_byte),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
