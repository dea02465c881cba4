#include "bugreport/words.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Whatever follows one of these, in any case, is removed. */
static const char *const telling[] = {
	"passw",  "passphrase", "pwd=",       "secret",        "token",
	"apikey", "api_key",    "api-key",    "auth",          "bearer",
	"basic ", "cookie",     "credential", "body without ", "headers without "
};

#define TELLING (sizeof(telling) / sizeof(telling[0]))

static bool is_key_byte(char c)
{
	return isalnum((unsigned char)c) || strchr("_+=-", c);
}

/* Bytes from `text` on that belong to a run, if it may be a key; otherwise 0. */
static size_t key_length(const char *text, size_t length)
{
	bool letters = false, digits = false;
	size_t n = 0;

	for (; n < length && text[n] && is_key_byte(text[n]); n++) {
		letters |= isalpha((unsigned char)text[n]) != 0;
		digits |= isdigit((unsigned char)text[n]) != 0;
	}
	return n >= WORDS_KEY_LENGTH && letters && digits ? n : 0;
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

/* Bytes between "://" and the '@' behind it, if there is one before the next slash or space. */
static size_t user_length(const char *text, size_t length)
{
	size_t n = 3;

	if (length < 3 || strncmp(text, "://", 3) != 0)
		return 0;
	while (n < length && !strchr("/ \"", text[n]) && text[n] != '@')
		n++;
	return n < length && text[n] == '@' ? n - 3 : 0;
}

static void print_byte(char c, FILE *out)
{
	putc(isprint((unsigned char)c) ? c : '?', out);
}

/* Prints what stands at `text`. Returns how many bytes that was, not 0. */
static size_t print_next(const char *text, size_t length, bool in_run, FILE *out)
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
	n = in_run ? 0 : key_length(text, length);
	if (n) {
		fputs(WORDS_REMOVED, out);
		return n;
	}
	print_byte(*text, out);
	if (*text != '?')
		return 1;
	fputs(WORDS_REMOVED, out);
	for (n = 1; n < length && text[n] != ' ';)
		n++;
	return n;
}

void words_print(const char *text, size_t length, FILE *out)
{
	bool in_run = false;

	for (size_t at = 0; at < length;) {
		size_t n = print_next(text + at, length - at, in_run, out);

		at += n;
		in_run = at > 0 && at <= length && is_key_byte(text[at - 1]) && text[at - 1];
	}
}
