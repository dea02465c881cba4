/*
 * The daemon's answer as the command parses it, for libFuzzer and for the replay in
 * tests/unit/fuzz.
 *
 * Input: a byte for the piece size, then the answer. Parsing in pieces must give the same result as
 * parsing the whole.
 */
#include "api/http.h"
#include "tests/fuzz/bytes.h"

struct seen {
	enum http_state state;
	int status;
	uint8_t *body;
	size_t size;
};

static bool on_body(void *arg, const char *data, size_t size)
{
	struct seen *seen = arg;

	HOLDS(size > 0);
	seen->body = realloc(seen->body, seen->size + size);
	HOLDS(seen->body);
	memcpy(seen->body + seen->size, data, size);
	seen->size += size;
	return true;
}

static void read_all(struct seen *seen, const char *data, size_t size, size_t most)
{
	struct http_reader reader;

	*seen = (struct seen){ .state = HTTP_MORE };
	http_reader_init(&reader, on_body, seen);
	for (size_t at = 0; seen->state == HTTP_MORE && at < size; at += most)
		seen->state = http_read(&reader, data + at, size - at < most ? size - at : most);
	if (seen->state == HTTP_MORE)
		seen->state = http_end(&reader);
	seen->status = reader.status;
	HOLDS(seen->state != HTTP_MORE && seen->state != HTTP_FULL);
	HOLDS(http_read(&reader, "x", 1) == seen->state);
	HOLDS(seen->state != HTTP_DONE || (seen->status >= 100 && seen->status <= 999));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	size_t most = 1 + bytes_number(&bytes);
	char *text = text_new(bytes.data, bytes.size);
	struct seen whole, pieces;

	read_all(&whole, text, bytes.size, bytes.size + 1);
	read_all(&pieces, text, bytes.size, most);
	HOLDS(whole.state == pieces.state && whole.status == pieces.status);
	HOLDS(whole.size == pieces.size);
	HOLDS(whole.size == 0 || memcmp(whole.body, pieces.body, whole.size) == 0);
	free(whole.body);
	free(pieces.body);
	free(text);
	return 0;
}
