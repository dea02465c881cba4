#include "base/human.h"

#include <string.h>

static const struct unit {
	long long seconds;
	const char *letter;
} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };

/*
 * printf() would take a third of the time of a table of a thousand names. Returns the end, where
 * the terminating zero is.
 */
static char *put_number(char *at, unsigned long long number, const char *behind)
{
	char digits[24], *digit = digits + sizeof(digits);
	size_t length;

	do
		*--digit = (char)('0' + number % 10);
	while (number /= 10);
	length = (size_t)(digits + sizeof(digits) - digit);
	memcpy(at, digit, length);
	return stpcpy(at + length, behind);
}

const char *human_duration(long long seconds, char text[HUMAN_TIME_MAX])
{
	size_t last = sizeof(units) / sizeof(units[0]) - 1, i = 0;
	long long rest;
	char *end;

	if (seconds < 0)
		seconds = 0;
	while (i < last && seconds < units[i].seconds)
		i++;
	end = put_number(text, (unsigned long long)(seconds / units[i].seconds), units[i].letter);
	rest = i < last ? seconds % units[i].seconds / units[i + 1].seconds : 0;
	if (rest) {
		*end++ = ' ';
		put_number(end, (unsigned long long)rest, units[i + 1].letter);
	}
	return text;
}

time_t human_read_time(const char *text)
{
	struct tm tm = { 0 };
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;

	return end && !*end ? timegm(&tm) : -1;
}

/* With one decimal. */
static void put_tenths(char *at, double number, const char *behind)
{
	unsigned long tenths = (unsigned long)(number * 10 + 0.5);

	put_number(put_number(at, tenths / 10, "."), tenths % 10, behind);
}

const char *human_latency(double ms, char text[HUMAN_TIME_MAX])
{
	if (!(ms >= 0 && ms < 1e9))
		strcpy(text, "-");
	else if (ms < 9.95)
		put_tenths(text, ms, " ms");
	else if (ms < 999.5)
		put_number(text, (unsigned long long)(ms + 0.5), " ms");
	else
		put_tenths(text, ms / 1000, " s");
	return text;
}

static bool is_printable(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f;
}

char *human_printable(char *text)
{
	for (char *c = text; *c; c++)
		if (!is_printable(*c))
			*c = '?';
	return text;
}
