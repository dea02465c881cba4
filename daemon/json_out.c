#include "json_out.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "moment.h"

#define ROOM_FIRST 1024u

static bool make_room(struct json_out *out, size_t length)
{
	size_t room = out->room ? out->room : ROOM_FIRST;
	char *grown;

	if (out->failed)
		return false;
	while (room - out->size <= length)
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

static void put(struct json_out *out, const char *bytes, size_t length)
{
	if (!make_room(out, length))
		return;
	memcpy(out->text + out->size, bytes, length);
	out->size += length;
}

/* What stands before a value. */
static void begin(struct json_out *out, const char *key)
{
	if (out->comma)
		put(out, ",", 1);
	out->comma = true;
	if (!key)
		return;
	put(out, "\"", 1);
	put(out, key, strlen(key));
	put(out, "\":", 2);
}

void json_out_open(struct json_out *out, const char *key, char bracket)
{
	begin(out, key);
	put(out, &bracket, 1);
	out->comma = false;
}

void json_out_close(struct json_out *out, char bracket)
{
	put(out, &bracket, 1);
	out->comma = true;
}

void json_out_null(struct json_out *out, const char *key)
{
	if (out->brief && key)
		return;
	begin(out, key);
	put(out, "null", 4);
}

/* Whether it may stand between quotes as it is. */
static bool is_plain(const char *value)
{
	for (const unsigned char *c = (const unsigned char *)value; *c; c++)
		if (*c < 0x20 || *c >= 0x7f || *c == '"' || *c == '\\')
			return false;
	return true;
}

static void put_escaped(struct json_out *out, const char *value)
{
	json_t *json = json_text(value);
	char *text = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

	if (text)
		put(out, text, strlen(text));
	else
		out->failed = true;
	free(text);
	json_decref(json);
}

void json_out_text(struct json_out *out, const char *key, const char *value)
{
	if (!value) {
		json_out_null(out, key);
		return;
	}
	begin(out, key);
	if (!is_plain(value)) {
		put_escaped(out, value);
		return;
	}
	put(out, "\"", 1);
	put(out, value, strlen(value));
	put(out, "\"", 1);
}

void json_out_bool(struct json_out *out, const char *key, bool value)
{
	begin(out, key);
	put(out, value ? "true" : "false", value ? 4 : 5);
}

void json_out_number(struct json_out *out, const char *key, uint64_t value)
{
	char digits[24], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	begin(out, key);
	put(out, at, (size_t)(digits + sizeof(digits) - at));
}

void json_out_moment(struct json_out *out, const char *key, time_t value)
{
	char words[MOMENT_TEXT_MAX];

	json_out_text(out, key, value ? moment_format(value, words) : NULL);
}

void json_out_ms(struct json_out *out, const char *key, uint64_t us)
{
	char part[5] = { '.', (char)('0' + us / 100 % 10), (char)('0' + us / 10 % 10),
		         (char)('0' + us % 10) };

	if (us == 0) {
		json_out_null(out, key);
		return;
	}
	json_out_number(out, key, us / 1000);
	put(out, part, 4);
}

char *json_out_take(struct json_out *out)
{
	put(out, "", 1);
	if (!out->failed)
		return out->text;
	free(out->text);
	return NULL;
}
