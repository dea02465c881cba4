#include "config/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"

/* From line `line` of the text on, lines are those of `place`, counted up. */
struct segment {
	unsigned line;
	struct config_place place;
};

struct config_text {
	char *data;
	size_t length, room;
	unsigned line; /* the last line of the text */
	/* Sorted by line; of several with the same line the last one counts. */
	struct segment *segments;
	size_t segment_count, segment_room;
	struct arena *files; /* holds the names of the files */
};

struct config_text *config_text_new(void)
{
	struct config_text *text = memory_calloc(1, sizeof(*text));

	text->files = arena_new();
	text->line = 1;
	config_text_put(text, "", 0);
	return text;
}

struct arena *config_text_arena(struct config_text *text)
{
	return text->files;
}

void config_text_put(struct config_text *text, const char *bytes, size_t length)
{
	if (text->room - text->length <= length) {
		text->room = (text->length + length) * 3 / 2 + 4096;
		text->data = memory_reallocarray(text->data, text->room, 1);
	}
	memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
	for (size_t i = 0; i < length; i++)
		text->line += bytes[i] == '\n';
}

void config_text_add_segment(struct config_text *text, unsigned line, struct config_place place)
{
	if (text->segment_count == text->segment_room) {
		text->segment_room = text->segment_room * 2 + 16;
		text->segments = memory_reallocarray(text->segments, text->segment_room,
		                                     sizeof(*text->segments));
	}
	text->segments[text->segment_count++] = (struct segment){ line, place };
}

void config_text_mark(struct config_text *text, struct config_place place)
{
	config_text_add_segment(text, text->line, place);
}

size_t config_text_segments(const struct config_text *text)
{
	return text->segment_count;
}

struct config_place config_text_segment(const struct config_text *text, size_t index,
                                        unsigned *line)
{
	*line = text->segments[index].line;
	return text->segments[index].place;
}

size_t config_text_length(const struct config_text *text)
{
	return text->length;
}

void config_text_free(struct config_text *text)
{
	if (!text)
		return;
	free(text->data);
	free(text->segments);
	arena_free(text->files);
	free(text);
}

const char *config_text_data(const struct config_text *text)
{
	return text->data;
}

void config_text_drop(struct config_text *text)
{
	free(text->data);
	text->data = NULL;
}

struct config_place config_text_place(const struct config_text *text, unsigned line)
{
	size_t low = 0, high = text->segment_count;
	struct config_place place;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (text->segments[middle].line <= line)
			low = middle;
		else
			high = middle;
	}
	place = text->segments[low].place;
	if (line > text->segments[low].line)
		place.line += line - text->segments[low].line;
	return place;
}
