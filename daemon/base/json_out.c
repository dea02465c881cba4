#include "base/json_out.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/moment.h"

static void put(struct json_out *out, const char *bytes, size_t length)
{
	text_out_put(&out->out, bytes, length);
}

/*
 * Writes the comma and key before a value, and makes room for `size` bytes of it, which the caller fills
 * at once. Returns NULL if out of memory.
 */
static char *begin_value(struct json_out *out, const char *key, size_t size)
{
	const size_t length = key ? strlen(key) : 0;
	char *at = text_out_add(&out->out, (size_t)out->comma + (key ? length + 3 : 0) + size);

	if (!at)
		return NULL;
	if (out->comma)
		*at++ = ',';
	out->comma = true;
	if (!key)
		return at;
	*at++ = '"';
	at = mempcpy(at, key, length);
	*at++ = '"';
	*at++ = ':';
	return at;
}

static void begin(struct json_out *out, const char *key)
{
	begin_value(out, key, 0);
}

static void put_word(struct json_out *out, const char *key, const char *word, size_t size)
{
	char *at = begin_value(out, key, size);

	if (at)
		memcpy(at, word, size);
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
	put_word(out, key, "null", 4);
}

/* Whether the value can be written between quotes without escapes; then its length as well. */
static bool is_plain(const char *value, size_t *length)
{
	const unsigned char *c = (const unsigned char *)value;

	for (; *c; c++)
		if (*c < 0x20 || *c >= 0x7f || *c == '"' || *c == '\\')
			return false;
	*length = (size_t)(c - (const unsigned char *)value);
	return true;
}

static void put_escaped(struct json_out *out, const char *value)
{
	json_t *json = json_text(value);
	char *text = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

	if (text)
		put(out, text, strlen(text));
	else
		out->out.failed = true;
	free(text);
	json_decref(json);
}

void json_out_text(struct json_out *out, const char *key, const char *value)
{
	size_t length;
	char *at;

	if (!value) {
		json_out_null(out, key);
		return;
	}
	if (!is_plain(value, &length)) {
		begin(out, key);
		put_escaped(out, value);
		return;
	}
	at = begin_value(out, key, length + 2);
	if (!at)
		return;
	*at++ = '"';
	at = (char *)memcpy(at, value, length) + length;
	*at = '"';
}

void json_out_bool(struct json_out *out, const char *key, bool value)
{
	put_word(out, key, value ? "true" : "false", value ? 4 : 5);
}

void json_out_number(struct json_out *out, const char *key, uint64_t value)
{
	begin(out, key);
	text_out_number(&out->out, value);
}

void json_out_moment(struct json_out *out, const char *key, time_t value)
{
	char words[MOMENT_TEXT_MAX];

	json_out_text(out, key, value ? moment_format(value, words) : NULL);
}

void json_out_ms(struct json_out *out, const char *key, uint64_t us)
{
	if (us == 0) {
		json_out_null(out, key);
		return;
	}
	begin(out, key);
	text_out_ms(&out->out, us);
}

char *json_out_take(struct json_out *out)
{
	return text_out_take(&out->out);
}
