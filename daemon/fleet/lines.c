#include "fleet/lines.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct lines *lines, size_t needed)
{
	size_t room = lines->room ? lines->room : 1024;
	char *text;

	while (room < needed)
		room *= 2;
	if (room == lines->room)
		return true;
	text = realloc(lines->text, room);
	if (!text)
		return false;
	lines->text = text;
	lines->room = room;
	return true;
}

bool lines_add(struct lines *lines, const char *data, size_t size)
{
	if (size > lines->max - lines->length || !grow(lines, lines->length + size + 1))
		return false;
	memcpy(lines->text + lines->length, data, size);
	lines->length += size;
	lines->text[lines->length] = '\0';
	return true;
}

bool lines_take(struct lines *lines, const char *data, size_t size,
                bool (*found)(void *arg, const char *text, size_t length), void *arg)
{
	while (size > 0) {
		const char *end = memchr(data, '\n', size);
		const size_t part = end ? (size_t)(end - data) : size;
		const size_t used = part + (end != NULL);

		if (!lines_add(lines, data, part))
			return false;
		if (end && lines->length > 0 && !found(arg, lines->text, lines->length))
			return false;
		if (end)
			lines->length = 0;
		data += used;
		size -= used;
	}
	return true;
}

void lines_free(struct lines *lines)
{
	free(lines->text);
	lines->text = NULL;
	lines->length = lines->room = 0;
}
