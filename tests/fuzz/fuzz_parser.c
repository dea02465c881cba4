/*
 * The HTTP answer parser that does not use libcurl, for libFuzzer and for the replay in
 * tests/unit/fuzz.
 *
 * Input: the piece size, whether a body is wanted, then the answer. Parsing in pieces must give the
 * same result as parsing the whole.
 */
#include "probe/kind/http_answer.h"
#include "probe/plain/http_parser.h"
#include "tests/fuzz/bytes.h"

struct outcome {
	enum http_reading reading;
	CURLcode code;
	struct ending ending;
};

/* Each piece is a separate allocation, so that a read past its end is detected. */
static void feed(struct http_parser *parser, const uint8_t *data, size_t size, size_t most)
{
	enum http_reading reading = HTTP_READING_MORE;

	while (size > 0 && reading == HTTP_READING_MORE) {
		size_t piece = size < most ? size : most;
		char *copy = text_new(data, piece);

		reading = http_parser_feed(parser, copy, piece);
		free(copy);
		data += piece;
		size -= piece;
	}
	if (reading == HTTP_READING_MORE)
		http_parser_closed(parser);
}

static struct outcome read_answer(const struct check *check, const struct bytes *bytes, size_t most)
{
	struct http_answer answer;
	struct http_parser parser;
	struct outcome outcome = { 0 };

	HOLDS(http_answer_init(&answer, check));
	http_parser_init(&parser, &answer, check);
	feed(&parser, bytes->data, bytes->size, most);
	outcome.reading = parser.reading;
	outcome.code = parser.code;
	HOLDS(outcome.reading != HTTP_READING_MORE);
	if (outcome.reading == HTTP_READING_DONE) {
		const struct http_end end = { .code = parser.code, .has_answer = bytes->size > 0 };

		http_answer_ending(&answer, check, &end, &outcome.ending);
		HOLDS(outcome.ending.text[0] || outcome.ending.why == WHY_PASS);
		HOLDS(probe_why_verdict(outcome.ending.why) != VERDICT_NONE);
	}
	http_parser_free(&parser);
	http_answer_free(&answer);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct status_range good = { 200, 399 };
	struct bytes bytes = { data, size };
	size_t most = 1 + bytes_number(&bytes);
	const struct check check = { .expect_status = &good,
		                     .expect_status_count = 1,
		                     .expect_body = bytes_number(&bytes) % 2 ? "ok" : NULL,
		                     .expect_header = NULL,
		                     .body_limit = 64 };
	struct outcome whole = read_answer(&check, &bytes, bytes.size + 1);
	struct outcome pieces = read_answer(&check, &bytes, most);

	HOLDS(whole.reading == pieces.reading);
	HOLDS(whole.reading != HTTP_READING_DONE ||
	      (whole.ending.why == pieces.ending.why &&
	       strcmp(whole.ending.text, pieces.ending.text) == 0));
	return 0;
}
