#include "bugreport/words.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Whatever follows one of these, in any case, is removed. */
static const char *const telling[] = {
	"passw",      "passphrase", "pwd=",          "secret",          "token",  "apikey",
	"api_key",    "api-key",    "auth",          "bearer",          "basic ", "cookie",
	"credential", "key=",       "body without ", "headers without "
};

#define TELLING (sizeof(telling) / sizeof(telling[0]))

static bool is_key_byte(char c)
{
	return isalnum((unsigned char)c) || strchr("_+=-", c);
}

/* The kinds of bytes in a run, and its length. */
struct run {
	size_t length;
	bool lower, upper, digits, slash;
};

static struct run run_at(const char *text, size_t length, bool with_slashes)
{
	struct run run = { 0 };

	for (; run.length < length && text[run.length]; run.length++) {
		const unsigned char c = (unsigned char)text[run.length];

		if (!is_key_byte((char)c) && !(with_slashes && c == '/'))
			break;
		run.lower |= islower(c) != 0;
		run.upper |= isupper(c) != 0;
		run.digits |= isdigit(c) != 0;
		run.slash |= c == '/';
	}
	return run;
}

/*
 * Bytes from `text` on that belong to a run, if it may be a key; otherwise 0. `before` is the byte
 * before it. Base64 has slashes, but so have paths: a run with slashes needs letters of both cases,
 * and does not begin behind a slash.
 */
static size_t key_length(const char *text, size_t length, char before)
{
	const struct run base64 = run_at(text, length, before != '/' && *text != '/');
	const struct run plain = run_at(text, length, false);

	if (base64.slash && base64.length >= WORDS_KEY_LENGTH && base64.lower && base64.upper &&
	    base64.digits)
		return base64.length;
	return plain.length >= WORDS_KEY_LENGTH && (plain.lower || plain.upper) && plain.digits
	               ? plain.length
	               : 0;
}

/* Bytes of the word at `text` that is followed by a secret; otherwise 0. */
static size_t telling_length(const char *text, size_t length)
{
	for (size_t i = 0; i < TELLING; i++) {
		size_t n = strlen(telling[i]);

		if (n <= length && strncasecmp(text, telling[i], n) == 0)
			return n;
	}
	return 0;
}

/*
 * Bytes between "://" and the last '@' behind it before a space or '"'; otherwise 0. A password may
 * have a slash or a '@' in it, so one that belongs to a path is taken for the end of one, too.
 */
static size_t user_length(const char *text, size_t length)
{
	size_t user = 0;

	if (length < 3 || memcmp(text, "://", 3) != 0)
		return 0;
	for (size_t n = 3; n < length && text[n] && !strchr(" \"", text[n]); n++)
		if (text[n] == '@')
			user = n - 3;
	return user;
}

/* Bytes up to the next space of a query behind a '?'; 0: a mark of punctuation, as in "running?)". */
static size_t query_length(const char *text, size_t length)
{
	bool tells = false;
	size_t n = 0;

	for (; n < length && text[n] != ' '; n++)
		tells |= isalnum((unsigned char)text[n]) || !isascii((unsigned char)text[n]);
	return tells ? n : 0;
}

static void print_byte(char c, FILE *out)
{
	putc(isprint((unsigned char)c) ? c : '?', out);
}

/* Prints what stands at `text`, behind the byte `before`. Returns how many bytes that was, not 0. */
static size_t print_next(const char *text, size_t length, char before, FILE *out)
{
	size_t n = telling_length(text, length);

	if (n) {
		fprintf(out, "%.*s" WORDS_REMOVED, (int)n, text);
		return length;
	}
	n = user_length(text, length);
	if (n) {
		fputs("://" WORDS_REMOVED, out);
		return n + 3;
	}
	n = before && is_key_byte(before) ? 0 : key_length(text, length, before);
	if (n) {
		fputs(WORDS_REMOVED, out);
		return n;
	}
	print_byte(*text, out);
	n = *text == '?' ? query_length(text + 1, length - 1) : 0;
	if (n)
		fputs(WORDS_REMOVED, out);
	return n + 1;
}

void words_print(const char *text, size_t length, FILE *out)
{
	for (size_t at = 0; at < length;)
		at += print_next(text + at, length - at, at ? text[at - 1] : ' ', out);
}
