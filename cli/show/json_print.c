#include "show/json_print.h"

#include <stdbool.h>
#include <string.h>

#include "base/json_scan.h"

#define INDENT 2u

/* Most writes are a byte or two, for which a function call would take longer. */
static void put(const char *text, size_t size, FILE *out)
{
	if (size > 2) {
		fwrite_unlocked(text, 1, size, out);
		return;
	}
	for (; size > 0; size--)
		putc_unlocked(*text++, out);
}

static void put_line(unsigned depth, FILE *out)
{
	static const char spaces[2 + INDENT * (JSON_SCAN_DEPTH + 1)] =
	        "\n                                                                  ";

	put(spaces, 1 + (size_t)INDENT * depth, out);
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

static void put_escape(unsigned code, FILE *out)
{
	if (code < 0x10000) {
		fprintf(out, "\\u%04X", code);
		return;
	}
	code -= 0x10000;
	fprintf(out, "\\u%04X\\u%04X", 0xd800 | code >> 10, 0xdc00 | (code & 0x3ff));
}

static void put_string(const char *text, size_t size, FILE *out)
{
	const char *end = text + size, *plain = text;

	put("\"", 1, out);
	while (text < end) {
		if ((unsigned char)*text < 0x7f) {
			text++;
			continue;
		}
		put(plain, (size_t)(text - plain), out);
		if (*text == 0x7f) {
			put_escape(0x7f, out);
			text++;
		} else {
			put_escape(decode(text, &size), out);
			text += size;
		}
		plain = text;
	}
	put(plain, (size_t)(text - plain), out);
	put("\"", 1, out);
}

static void print_token(void *arg, const struct json_scan_token *token)
{
	FILE *out = arg;

	if (token->kind == JSON_SCAN_CLOSE) {
		if (!token->first)
			put_line(token->depth, out);
		put(token->text, 1, out);
		return;
	}
	if (!token->first)
		put(",", 1, out);
	if (token->depth > 0)
		put_line(token->depth, out);
	if (token->key) {
		put_string(token->key, token->key_size, out);
		put(": ", 2, out);
	}
	if (token->kind == JSON_SCAN_TEXT)
		put_string(token->text, token->size, out);
	else
		put(token->text, token->size, out);
}

void json_print(const char *text, size_t size, FILE *out)
{
	json_scan(text, size, print_token, out);
	putc_unlocked('\n', out);
}
