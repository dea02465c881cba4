/*
 * How an HTTP answer is judged, for libFuzzer and for the replay in tests/unit/fuzz. An input: the size of pieces, the limit in units
 * of 4 bytes, the text that is expected, a zero, then the answer. HTTP itself is libcurl's. A search in pieces finds what a search of the
 * whole would.
 */
#include "probe/body.h"
#include "probe/header.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	size_t most = 1 + bytes_number(&bytes), limit = 4 * (1 + (size_t)bytes_number(&bytes));
	char *expected = bytes_text(&bytes);
	char *line = text_new(bytes.data, bytes.size);

	if (*expected) {
		search(expected, bytes.data, bytes.size, most, limit);
		HOLDS(!header_matches(expected, line, 0));
		header_matches(expected, line, bytes.size);
	}
	HOLDS(body_codings(line, bytes.size) <= bytes.size + BODY_CODINGS_MAX + 1);
	free(expected);
	free(line);
	return 0;
}
