/*
 * The daemon's event stream as the command reads it, for libFuzzer and for the replay in
 * tests/unit/fuzz.
 *
 * Input: a byte for the piece size, then the stream. Each event is shown as a printable line, and
 * is taken into account where answers are compared.
 */
#include <stdio.h>

/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "cli/api/stream.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include "api/changes.h"
#include "show/event_line.h"
#include "tests/fuzz/bytes.h"

struct reader {
	json_t *answers;
	unsigned snapshots, events;
};

static void check_event(const json_t *event)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	HOLDS(out);
	event_line_print(event, false, 0, out);
	event_line_print(event, false, 60, out);
	HOLDS(fclose(out) == 0);
	for (size_t i = 0; i < size; i++)
		HOLDS(text[i] == '\n' || ((unsigned char)text[i] >= ' ' && text[i] != 0x7f));
	free(text);
}

static void on_snapshot(void *arg, const json_t *status, bool gap, unsigned long long lost)
{
	struct reader *reader = arg;
	json_t *changes = reader->answers ? changes_between(reader->answers, status) : NULL;
	size_t i;
	json_t *event;

	(void)gap;
	(void)lost;
	json_array_foreach (changes, i, event) {
		check_event(event);
	}
	json_decref(changes);
	json_decref(reader->answers);
	reader->answers = changes_answers(status);
	HOLDS(reader->answers);
	reader->snapshots++;
}

static void on_event(void *arg, const json_t *event, bool old)
{
	struct reader *reader = arg;

	(void)old;
	HOLDS(reader->snapshots > 0);
	check_event(event);
	changes_note(reader->answers, event);
	reader->events++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	size_t most = 1 + bytes_number(&bytes);
	struct reader reader = { 0 };
	const struct stream_calls calls = { .snapshot = on_snapshot,
		                            .event = on_event,
		                            .arg = &reader };
	struct stream stream = { .calls = &calls, .history = most & 1 };
	char *text = text_new(bytes.data, bytes.size);

	stream.connection.reader.status = 200;
	for (size_t at = 0; at < bytes.size; at += most)
		if (!on_data(&stream, text + at, bytes.size - at < most ? bytes.size - at : most))
			break;
	json_decref(reader.answers);
	free(stream.line);
	free(text);
	return 0;
}
