#include "base/json_scan.h"

#include <string.h>

struct scan {
	const char *at, *end;
	void (*take)(void *arg, const struct json_scan_token *token);
	void *arg;
	unsigned depth;
	char closing[JSON_SCAN_DEPTH]; /* of the open containers, innermost last */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->end && is_space(*scan->at))
		scan->at++;
}

static bool take_char(struct scan *scan, char c)
{
	if (scan->at == scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

static size_t digits(struct scan *scan)
{
	const char *begin = scan->at;

	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
		scan->at++;
	return (size_t)(scan->at - begin);
}

/* --- strings ---------------------------------------------------------------------------------- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The character after a backslash. */
static bool skip_escape(struct scan *scan)
{
	char c = scan->at < scan->end ? *scan->at++ : '\0';

	if (c != 'u')
		return c && strchr("\"\\/bfnrt", c);
	for (unsigned i = 0; i < 4; i++)
		if (scan->at == scan->end || !is_hex(*scan->at++))
			return false;
	return true;
}

/* A non-ASCII character in UTF-8: all its bytes, in the shortest encoding (RFC 3629). */
static bool skip_utf8(struct scan *scan)
{
	static const struct {
		/* bounds of the first byte, and of the second */
		unsigned char first, last, low, high;
		unsigned char more; /* bytes after the first */
	} forms[] = { { 0xc2, 0xdf, 0x80, 0xbf, 1 }, { 0xe0, 0xe0, 0xa0, 0xbf, 2 },
		      { 0xe1, 0xec, 0x80, 0xbf, 2 }, { 0xed, 0xed, 0x80, 0x9f, 2 },
		      { 0xee, 0xef, 0x80, 0xbf, 2 }, { 0xf0, 0xf0, 0x90, 0xbf, 3 },
		      { 0xf1, 0xf3, 0x80, 0xbf, 3 }, { 0xf4, 0xf4, 0x80, 0x8f, 3 } };
	const unsigned char *at = (const unsigned char *)scan->at;
	size_t left = (size_t)(scan->end - scan->at), i = 0;

	while (i < sizeof(forms) / sizeof(forms[0]) &&
	       (at[0] < forms[i].first || at[0] > forms[i].last))
		i++;
	if (i == sizeof(forms) / sizeof(forms[0]) || left <= forms[i].more ||
	    at[1] < forms[i].low || at[1] > forms[i].high)
		return false;
	for (size_t k = 2; k <= forms[i].more; k++)
		if (at[k] < 0x80 || at[k] > 0xbf)
			return false;
	scan->at += 1 + forms[i].more;
	return true;
}

/* Called after the opening quote; also consumes the closing one. */
static bool take_string(struct scan *scan, const char **text, size_t *size)
{
	*text = scan->at;
	scan->at = json_scan_skip_plain(scan->at, scan->end);
	while (scan->at < scan->end) {
		unsigned char c = (unsigned char)*scan->at;

		if (c == '"') {
			*size = (size_t)(scan->at++ - *text);
			return true;
		}
		if (c < 0x20)
			return false;
		if (c >= 0x80) {
			if (!skip_utf8(scan))
				return false;
			continue;
		}
		scan->at++;
		if (c == '\\' && !skip_escape(scan))
			return false;
	}
	return false;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool skip_number(struct scan *scan)
{
	size_t count;

	take_char(scan, '-');
	if (!take_char(scan, '0')) {
		count = digits(scan);
		if (count == 0)
			return false;
	}
	if (take_char(scan, '.') && digits(scan) == 0)
		return false;
	if (take_char(scan, 'e') || take_char(scan, 'E')) {
		if (!take_char(scan, '+'))
			take_char(scan, '-');
		return digits(scan) > 0;
	}
	return true;
}

static bool skip_plain(struct scan *scan)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length;

		if (scan->at == scan->end || *scan->at != *words[i])
			continue;
		length = strlen(words[i]);
		if ((size_t)(scan->end - scan->at) < length ||
		    memcmp(scan->at, words[i], length) != 0)
			return false;
		scan->at += length;
		return true;
	}
	return skip_number(scan);
}

/* Consumes a value; of a container, only its start. */
static bool take_value(struct scan *scan, struct json_scan_token *token)
{
	token->text = scan->at;
	token->size = 1;
	token->kind = JSON_SCAN_OPEN;
	if (take_char(scan, '{') || take_char(scan, '[')) {
		if (scan->depth == JSON_SCAN_DEPTH)
			return false;
		scan->take(scan->arg, token);
		scan->closing[scan->depth++] = *token->text == '{' ? '}' : ']';
		return true;
	}
	if (take_char(scan, '"')) {
		token->kind = JSON_SCAN_TEXT;
		if (!take_string(scan, &token->text, &token->size))
			return false;
	} else {
		token->kind = JSON_SCAN_PLAIN;
		if (!skip_plain(scan))
			return false;
		token->size = (size_t)(scan->at - token->text);
	}
	scan->take(scan->arg, token);
	return true;
}

/* An element or member of the innermost container. */
static bool take_item(struct scan *scan, bool first)
{
	struct json_scan_token token = { .depth = scan->depth, .first = first };

	if (scan->closing[scan->depth - 1] == '}') {
		if (!take_char(scan, '"') || !take_string(scan, &token.key, &token.key_size))
			return false;
		skip_space(scan);
		if (!take_char(scan, ':'))
			return false;
		skip_space(scan);
	}
	return take_value(scan, &token);
}

/* Closes the innermost container, if it ends here. */
static bool take_close(struct scan *scan, bool first)
{
	struct json_scan_token token = {
		.kind = JSON_SCAN_CLOSE, .text = scan->at, .size = 1, .first = first
	};

	if (!take_char(scan, scan->closing[scan->depth - 1]))
		return false;
	token.depth = --scan->depth;
	scan->take(scan->arg, &token);
	return true;
}

/* Everything in the outermost container, including its end. */
static bool take_items(struct scan *scan)
{
	bool first = true;

	while (scan->depth > 0) {
		unsigned depth = scan->depth;

		skip_space(scan);
		if (take_close(scan, first)) {
			first = false;
			continue;
		}
		if (!first) {
			if (!take_char(scan, ','))
				return false;
			skip_space(scan);
		}
		if (!take_item(scan, first))
			return false;
		first = scan->depth > depth;
	}
	return true;
}

bool json_scan(const char *text, size_t size,
               void (*take)(void *arg, const struct json_scan_token *token), void *arg)
{
	struct scan scan = { .at = text, .end = text + size, .take = take, .arg = arg };
	struct json_scan_token token = { .first = true };

	skip_space(&scan);
	if (scan.at == scan.end || (*scan.at != '{' && *scan.at != '['))
		return false;
	if (!take_value(&scan, &token) || !take_items(&scan))
		return false;
	skip_space(&scan);
	return scan.at == scan.end;
}

bool json_scan_is(const char *text, size_t size, const char *word)
{
	return text && strncmp(word, text, size) == 0 && !word[size];
}
