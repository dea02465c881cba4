#include "base/text_out.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 1024u

static bool make_room(struct text_out *out, size_t length)
{
	size_t room = out->room ? out->room : ROOM_FIRST;
	char *grown;

	if (out->failed)
		return false;
	while (room - out->size < length)
		room *= 2;
	if (room == out->room)
		return true;
	grown = realloc(out->text, room);
	if (!grown) {
		out->failed = true;
		return false;
	}
	out->text = grown;
	out->room = room;
	return true;
}

char *text_out_add(struct text_out *out, size_t length)
{
	char *place;

	if (!make_room(out, length))
		return NULL;
	place = out->text + out->size;
	out->size += length;
	return place;
}

void text_out_put(struct text_out *out, const char *bytes, size_t length)
{
	char *place = text_out_add(out, length);

	if (place)
		memcpy(place, bytes, length);
}

void text_out_number(struct text_out *out, uint64_t value)
{
	char digits[24], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	text_out_put(out, at, (size_t)(digits + sizeof(digits) - at));
}

void text_out_ms(struct text_out *out, uint64_t us)
{
	const char part[] = { '.', (char)('0' + us / 100 % 10), (char)('0' + us / 10 % 10),
		              (char)('0' + us % 10) };

	text_out_number(out, us / 1000);
	text_out_put(out, part, sizeof(part));
}

char *text_out_take(struct text_out *out)
{
	text_out_put(out, "", 1);
	if (!out->failed)
		return out->text;
	free(out->text);
	return NULL;
}
