#include "words.h"

#include <stdio.h>
#include <string.h>

#define NEAR_MAX 32 /* characters of a word that is compared */

static const struct unit {
	long long seconds;
	char letter;
} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };

const char *words_duration(long long seconds, char text[WORDS_TIME_MAX])
{
	size_t last = sizeof(units) / sizeof(units[0]) - 1, i = 0;
	long long rest;

	if (seconds < 0)
		seconds = 0;
	while (i < last && seconds < units[i].seconds)
		i++;
	rest = i < last ? seconds % units[i].seconds / units[i + 1].seconds : 0;
	if (rest)
		snprintf(text, WORDS_TIME_MAX, "%lld%c %lld%c", seconds / units[i].seconds,
		         units[i].letter, rest, units[i + 1].letter);
	else
		snprintf(text, WORDS_TIME_MAX, "%lld%c", seconds / units[i].seconds,
		         units[i].letter);
	return text;
}

time_t words_time(const char *text)
{
	struct tm tm = { 0 };
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;

	return end && !*end ? timegm(&tm) : -1;
}

const char *words_latency(double ms, char text[WORDS_TIME_MAX])
{
	if (!(ms >= 0 && ms < 1e9))
		snprintf(text, WORDS_TIME_MAX, "-");
	else if (ms < 9.95)
		snprintf(text, WORDS_TIME_MAX, "%.1f ms", ms);
	else if (ms < 999.5)
		snprintf(text, WORDS_TIME_MAX, "%.0f ms", ms);
	else
		snprintf(text, WORDS_TIME_MAX, "%.1f s", ms / 1000);
	return text;
}

static bool is_printable(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f;
}

bool words_are_printable(const char *text)
{
	while (is_printable(*text))
		text++;
	return !*text;
}

char *words_printable(char *text)
{
	for (char *c = text; *c; c++)
		if (!is_printable(*c))
			*c = '?';
	return text;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Insertions, deletions and replacements from one to the other (Levenshtein), row by row. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NEAR_MAX + 1];
	size_t width = strnlen(b, NEAR_MAX);

	for (unsigned i = 0; i <= width; i++)
		row[i] = i;
	for (unsigned y = 1; *a && y <= NEAR_MAX; y++, a++) {
		unsigned diagonal = row[0];

		row[0] = y;
		for (size_t x = 1; x <= width; x++) {
			unsigned replaced = diagonal + (*a != b[x - 1]);

			diagonal = row[x];
			row[x] = least(replaced, least(row[x], row[x - 1]) + 1);
		}
	}
	return row[width];
}

const char *words_nearest(const char *word, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	unsigned best = (unsigned)strnlen(word, NEAR_MAX) / 3 + 2; /* farther is no likeness */

	for (size_t i = 0; i < count; i++) {
		unsigned far =
		        strncmp(words[i], word, strlen(word)) == 0 ? 0 : distance(word, words[i]);

		if (far < best && far < strlen(words[i])) {
			best = far;
			nearest = words[i];
		}
	}
	return nearest;
}
