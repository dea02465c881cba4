#include "show/json_print.h"

#include <stdlib.h>
#include <string.h>

#define INDENT 2u
#define ROOM_MIN 4096u

/* Makes room for `size` bytes, and returns where they go; NULL if out of memory. */
static char *grow(struct json_print *print, size_t size)
{
	char *text;

	if (print->room - print->length < size) {
		text = realloc(print->text, 2 * print->room + size + ROOM_MIN);
		print->failed |= !text;
		if (!text)
			return NULL;
		print->text = text;
		print->room = 2 * print->room + size + ROOM_MIN;
	}
	return print->text + print->length;
}

static void put(struct json_print *print, const char *text, size_t size)
{
	char *to = grow(print, size);

	if (!to)
		return;
	memcpy(to, text, size);
	print->length += size;
}

static void put_line(struct json_print *print, unsigned depth)
{
	static const char spaces[2 + INDENT * (JSON_SCAN_DEPTH + 1)] =
	        "\n                                                                  ";

	put(print, spaces, 1 + (size_t)INDENT * depth);
}

/* The code point of a valid non-ASCII character, and in `*size` its number of bytes. */
static unsigned decode(const char *text, size_t *size)
{
	const unsigned char *at = (const unsigned char *)text;
	unsigned code;

	*size = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	code = at[0] & (0x7fu >> *size);
	for (size_t i = 1; i < *size; i++)
		code = code << 6 | (at[i] & 0x3fu);
	return code;
}

static void put_escape(struct json_print *print, unsigned code)
{
	char text[13];
	int size;

	if (code < 0x10000)
		size = snprintf(text, sizeof(text), "\\u%04X", code);
	else
		size = snprintf(text, sizeof(text), "\\u%04X\\u%04X",
		                0xd800 | (code - 0x10000) >> 10, 0xdc00 | (code & 0x3ff));
	put(print, text, (size_t)size);
}

static void put_escaped(struct json_print *print, const char *text, const char *end)
{
	const char *plain = text;

	while (text < end) {
		size_t size = 1;

		if ((unsigned char)*text < 0x7f) {
			text++;
			continue;
		}
		put(print, plain, (size_t)(text - plain));
		put_escape(print, *text == 0x7f ? 0x7f : decode(text, &size));
		text += size;
		plain = text;
	}
	put(print, plain, (size_t)(text - plain));
}

static bool is_ascii(const char *text, size_t size)
{
	const char *end = text + size;

	for (text = json_scan_skip_plain(text, end); text < end; text++) {
		if ((unsigned char)*text >= 0x7f)
			return false;
	}
	return true;
}

/* `after`: the closing quote, and what follows. */
static void put_string(struct json_print *print, const char *text, size_t size, const char *after,
                       size_t after_size)
{
	char *at;

	if (!is_ascii(text, size)) {
		put(print, "\"", 1);
		put_escaped(print, text, text + size);
		put(print, after, after_size);
		return;
	}
	at = grow(print, 1 + size + after_size);
	if (!at)
		return;
	*at++ = '"';
	at = (char *)memcpy(at, text, size) + size;
	memcpy(at, after, after_size);
	print->length += 1 + size + after_size;
}

void json_print_token(struct json_print *print, const struct json_scan_token *token)
{
	if (token->kind == JSON_SCAN_CLOSE) {
		if (!token->first)
			put_line(print, token->depth);
		put(print, token->text, 1);
		return;
	}
	if (!token->first)
		put(print, ",", 1);
	if (token->depth > 0)
		put_line(print, token->depth);
	if (token->key)
		put_string(print, token->key, token->key_size, "\": ", 3);
	if (token->kind == JSON_SCAN_TEXT)
		put_string(print, token->text, token->size, "\"", 1);
	else
		put(print, token->text, token->size);
}

bool json_print_end(struct json_print *print, FILE *out)
{
	bool good = !print->failed;

	if (good && out) {
		fwrite(print->text, 1, print->length, out);
		putc('\n', out);
	}
	free(print->text);
	*print = (struct json_print){ 0 };
	return good;
}
