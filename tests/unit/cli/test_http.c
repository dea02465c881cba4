/* The command's reader of HTTP answers: what it takes, whatever pieces it comes in, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api/http.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD "HTTP/1.1 200 OK\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define BODY_ROOM 4096u

struct kept {
	char text[BODY_ROOM];
	size_t size;
	size_t most; /* bytes that are wanted */
};

static bool keep(void *arg, const char *data, size_t size)
{
	struct kept *kept = arg;

	if (kept->size + size > kept->most)
		return false;
	memcpy(kept->text + kept->size, data, size);
	kept->size += size;
	return true;
}

/* Feeds an answer in pieces of that size, and then the end of the connection. Each piece has a block of its own. */
static enum http_state read_all(const char *answer, size_t length, size_t piece, struct kept *kept,
                                int *status)
{
	struct http_reader reader;
	enum http_state state = HTTP_MORE;

	kept->size = 0;
	http_reader_init(&reader, keep, kept);
	for (size_t at = 0; at < length && state == HTTP_MORE; at += piece) {
		size_t size = length - at < piece ? length - at : piece;
		char *copy = malloc(size);

		memcpy(copy, answer + at, size);
		state = http_read(&reader, copy, size);
		free(copy);
	}
	state = http_end(&reader);
	*status = reader.status;
	return state;
}

static const struct {
	const char *answer;
	enum http_state state;
	int status;
	const char *body;
} cases[] = {
	{ HEAD "Content-Length: 5\r\n\r\nhello", HTTP_DONE, 200, "hello" },
	{ HEAD "content-length:5\r\nX-Y: z\r\n\r\nhello and what follows", HTTP_DONE, 200,
	  "hello" },
	{ HEAD "Content-Length: \t5 \r\n\r\nhello", HTTP_DONE, 200, "hello" },
	{ HEAD "Content-Length: 0\r\n\r\n", HTTP_DONE, 200, "" },
	{ HEAD "Content-Length: 6\r\n\r\nhello", HTTP_CUT, 200, "hello" },
	{ HEAD "\r\nuntil the end", HTTP_DONE, 200, "until the end" },
	{ "HTTP/1.0 404 Not Found\r\n\r\nno", HTTP_DONE, 404, "no" },
	{ "HTTP/1.1 503\r\n\r\n", HTTP_DONE, 503, "" },
	{ CHUNKED "5\r\nhello\r\n0\r\n\r\n", HTTP_DONE, 200, "hello" },
	{ CHUNKED "5\r\nhello\r\nA\r\n, all of it\r\n0\r\n\r\n", HTTP_BAD, 200, "hello, all of i" },
	{ CHUNKED "5\r\nhello\r\nb\r\n, all of it\r\n000\r\nX: y\r\n\r\n", HTTP_DONE, 200,
	  "hello, all of it" },
	{ HEAD "TRANSFER-ENCODING: Chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\n", HTTP_DONE, 200, "\n" },
	{ CHUNKED "0\r\n\r\n", HTTP_DONE, 200, "" },
	{ CHUNKED "5\r\nhello\r\n", HTTP_CUT, 200, "hello" },
	{ CHUNKED "5\r\nhello\r\n0\r\n", HTTP_CUT, 200, "hello" },
	{ CHUNKED "5\r\nhel", HTTP_CUT, 200, "hel" },
	{ CHUNKED, HTTP_CUT, 200, "" },
	{ "", HTTP_CUT, 0, "" },
	{ "HTTP/1.1 200 O", HTTP_CUT, 0, "" },
	{ HEAD "Content-Length: 5\r\n", HTTP_CUT, 200, "" },
	/* What is not HTTP. */
	{ "SSH-2.0-OpenSSH\r\n", HTTP_BAD, 0, "" },
	{ "HTTP/2 200\r\n\r\n", HTTP_BAD, 0, "" },
	{ "HTTP/1.2 200 OK\r\n\r\n", HTTP_BAD, 0, "" },
	{ "HTTP/1.1 20 OK\r\n\r\n", HTTP_BAD, 0, "" },
	{ "HTTP/1.1 2000 OK\r\n\r\n", HTTP_BAD, 0, "" },
	{ "HTTP/1.1 100 Continue\r\n\r\n", HTTP_BAD, 0, "" },
	{ "HTTP/1.1 600 No\r\n\r\n", HTTP_BAD, 0, "" },
	{ "HTTP/1.1\r\n\r\n", HTTP_BAD, 0, "" },
	{ "HTTP/1.1 200 OK\n\n", HTTP_BAD, 0, "" },
	{ "HTTP/1.1 200 O\rK\r\n\r\n", HTTP_BAD, 0, "" },
	/* Fields. */
	{ HEAD "no field\r\n\r\n", HTTP_BAD, 200, "" },
	{ HEAD ": empty\r\n\r\n", HTTP_BAD, 200, "" },
	{ HEAD "Content-Length : 5\r\n\r\nhello", HTTP_BAD, 200, "" },
	{ HEAD "X: y\r\n folded\r\n\r\n", HTTP_BAD, 200, "" },
	{ HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", HTTP_BAD, 200, "" },
	{ HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_BAD, 200, "" },
	{ HEAD "Transfer-Encoding: gzip\r\n\r\n", HTTP_BAD, 200, "" },
	{ HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_BAD, 200,
	  "" },
	{ HEAD "Content-Length: -1\r\n\r\n", HTTP_BAD, 200, "" },
	{ HEAD "Content-Length: +5\r\n\r\n", HTTP_BAD, 200, "" },
	{ HEAD "Content-Length: 5x\r\n\r\n", HTTP_BAD, 200, "" },
	{ HEAD "Content-Length:\r\n\r\n", HTTP_BAD, 200, "" },
	{ HEAD "Content-Length: 1234567890123456\r\n\r\n", HTTP_BAD, 200, "" },
	/* Chunks. */
	{ CHUNKED "\r\n", HTTP_BAD, 200, "" },
	{ CHUNKED "x\r\n", HTTP_BAD, 200, "" },
	{ CHUNKED "0x5\r\nhello\r\n", HTTP_BAD, 200, "" },
	{ CHUNKED "5;a=b\r\nhello\r\n", HTTP_BAD, 200, "" },
	{ CHUNKED "FFFFFFFFFFFFFFFF\r\n", HTTP_BAD, 200, "" },
	{ CHUNKED "5\r\nhelloX\r\n", HTTP_BAD, 200, "hello" },
};

/* Byte by byte, in one piece, and in all sizes between. */
static void answers_are_read_in_any_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t length = strlen(cases[i].answer);

		for (size_t piece = 1; piece <= length + 1; piece++) {
			struct kept kept = { .most = BODY_ROOM };
			int status;

			if (read_all(cases[i].answer, length, piece, &kept, &status) !=
			    cases[i].state)
				fail_msg("case %zu, pieces of %zu", i, piece);
			assert_int_equal(status, cases[i].status);
			assert_int_equal(kept.size, strlen(cases[i].body));
			assert_memory_equal(kept.text, cases[i].body, kept.size);
		}
	}
}

/* `count` fields, or one of that length. */
static char *header(size_t count, size_t length)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	fputs(HEAD, stream);
	for (size_t i = 0; i < count; i++)
		fputs("A: b\r\n", stream);
	if (length > 0)
		fprintf(stream, "A:%0*d\r\n", (int)length - 2, 0);
	fputs("\r\n", stream);
	fclose(stream);
	return text;
}

static void headers_are_bounded(void **state)
{
	static const struct {
		size_t count, length;
		enum http_state state;
	} bounds[] = { { HTTP_LINES_MAX, 0, HTTP_DONE },
		       { HTTP_LINES_MAX + 1, 0, HTTP_BAD },
		       { 0, HTTP_LINE_MAX - 2, HTTP_DONE },
		       { 0, HTTP_LINE_MAX - 1, HTTP_BAD },
		       { 0, 1u << 20, HTTP_BAD } };

	(void)state;
	for (size_t i = 0; i < COUNT(bounds); i++) {
		char *text = header(bounds[i].count, bounds[i].length);
		struct kept kept = { .most = BODY_ROOM };
		int status;

		assert_int_equal(read_all(text, strlen(text), 4096, &kept, &status),
		                 bounds[i].state);
		free(text);
	}
}

static void a_nul_is_no_text(void **state)
{
	static const char answer[] = "HTTP/1.1 200 OK\0\r\n\r\n";
	struct kept kept = { .most = BODY_ROOM };
	int status;

	(void)state;
	assert_int_equal(read_all(answer, sizeof(answer) - 1, 99, &kept, &status), HTTP_BAD);
}

static void the_reader_may_stop(void **state)
{
	const char *answer = HEAD "Content-Length: 5\r\n\r\nhello";
	struct kept kept = { .most = 4 };
	int status;

	(void)state;
	assert_int_equal(read_all(answer, strlen(answer), 99, &kept, &status), HTTP_FULL);
}

static void requests_are_plain(void **state)
{
	char *get = http_request("/v1/status", NULL), *post = http_request("/v1/reload", "{}");
	char *name = http_escape("a/b?c=d&e%\xff .."), *plain = http_escape("az-AZ.09_~");

	(void)state;
	assert_memory_equal(get, "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n", 42);
	assert_null(strstr(get, "Content-"));
	assert_string_equal(get + strlen(get) - 4, "\r\n\r\n");
	assert_memory_equal(post, "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\n", 43);
	assert_non_null(strstr(post, "\r\nContent-Length: 2\r\n"));
	assert_string_equal(post + strlen(post) - 6, "\r\n\r\n{}");
	assert_string_equal(name, "a%2Fb%3Fc%3Dd%26e%25%FF%20..");
	assert_string_equal(plain, "az-AZ.09_~");
	free(get);
	free(post);
	free(name);
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read_in_any_pieces),
		cmocka_unit_test(headers_are_bounded),
		cmocka_unit_test(a_nul_is_no_text),
		cmocka_unit_test(the_reader_may_stop),
		cmocka_unit_test(requests_are_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
