/*
 * Evaluation of HTTP answers, for libFuzzer and for the replay in tests/unit/fuzz.
 *
 * Input: the piece size, the limit in units of 4 bytes, the expected text, a NUL, then the answer.
 * HTTP itself is parsed by libcurl. A search in pieces must find what a search of the whole body
 * finds.
 */
#include "probe/kind/body.h"
#include "probe/kind/header.h"
#include "probe/kind/http_answer.h"
#include "tests/fuzz/bytes.h"

static void search(const char *expected, const uint8_t *body, size_t size, size_t most,
                   size_t limit)
{
	size_t seen = size < limit ? size : limit;
	bool there = memmem(body, seen, expected, strlen(expected)) != NULL;
	struct body_search found;
	bool more = true;

	HOLDS(body_search_init(&found, expected, limit));
	for (size_t at = 0; more && at < size; at += most) {
		size_t piece = size - at < most ? size - at : most;
		char *copy = text_new(body + at, piece);

		more = body_search_feed(&found, expected, copy, piece);
		free(copy);
	}
	HOLDS(found.found == there);
	body_search_free(&found);
}

/*
 * Pass the header lines as libcurl does, then the rest as the body. Every outcome must have a text
 * and a verdict.
 */
static void judge(const char *expected, const char *text, size_t size, long status)
{
	static const struct status_range good = { 200, 399 };
	const struct check check = { .expect_status = &good,
		                     .expect_status_count = 1,
		                     .expect_header = expected,
		                     .expect_body = expected,
		                     .body_limit = 64 };
	const struct http_end end = { .code = (CURLcode)(size % 101), .has_answer = size > 0 };
	struct http_answer answer;
	struct ending ending;
	bool more = true;

	HOLDS(http_answer_init(&answer, &check));
	while (more && size > 0 && !answer.headers_done) {
		const char *newline = memchr(text, '\n', size);
		size_t line = newline ? (size_t)(newline - text) + 1 : size;
		char *copy = text_new((const uint8_t *)text, line);

		more = http_answer_header(&answer, &check, copy, line, status);
		free(copy);
		text += line;
		size -= line;
	}
	if (more && size > 0)
		http_answer_body(&answer, &check, text, size);
	http_answer_ending(&answer, &check, &end, &ending);
	HOLDS(ending.why < WHYS &&
	      (ending.text[0] || ending.why == WHY_PASS || ending.why == WHY_OWN_FAULT));
	http_answer_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	size_t most = 1 + bytes_number(&bytes), limit = 4 * (1 + (size_t)bytes_number(&bytes));
	char *expected = bytes_text(&bytes);
	char *line = text_new(bytes.data, bytes.size);
	struct body_codings codings = { 0 };

	if (*expected) {
		search(expected, bytes.data, bytes.size, most, limit);
		HOLDS(!header_matches(expected, line, 0));
		header_matches(expected, line, bytes.size);
	}
	body_codings_add(&codings, line, bytes.size);
	HOLDS(codings.known + codings.unknown <= bytes.size + BODY_CODINGS_MAX + 1);
	judge(expected, line, bytes.size, (long)most * 4);
	free(expected);
	free(line);
	return 0;
}
