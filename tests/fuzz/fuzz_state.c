/*
 * State files, for libFuzzer and for the replay in tests/unit/fuzz. The input is the file. What was
 * read must survive being written and read again unchanged.
 */
#include <stdio.h>

#include "state/format.h"
#include "tests/fuzz/bytes.h"

#include "shunt/table.h"

#define NOW_MS 1000000u
#define KEY UINT64_C(0xa78ef0d26d0861cf)
#define BOOT "01234567-89ab-cdef-0123-456789abcdef"

struct copy {
	FILE *out;
	size_t count;
};

static void check_override(const struct format_override *override)
{
	HOLDS(override->endpoint && override->by && override->reason);
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define OTHER "0123456789._-"

/* Text that a configuration may contain; the daemon writes nothing else. */
static bool is_plain(const char *text)
{
	return strlen(text) <= SHUNT_NAME_MAX && !text[strspn(text, LOWER UPPER OTHER)];
}

/* Names are written in lower case: the daemon never has two names that differ only in case. */
static bool is_name(const char *text)
{
	return is_plain(text) && !text[strcspn(text, UPPER)];
}

static void copy_record(void *arg, const struct format_record *record)
{
	struct copy *copy = arg;

	HOLDS(record->name && record->active && record->endpoint);
	if (record->overridden)
		check_override(&record->override);
	if (!is_name(record->name) || !is_plain(record->active) || !is_plain(record->endpoint))
		return;
	format_record(copy->out, record, copy->count == 0);
	copy->count++;
}

static void count_record(void *arg, const struct format_record *record)
{
	size_t *count = arg;

	HOLDS(record->name);
	++*count;
}

/* Write what was read in the daemon's format. Returns the number of records. */
static size_t copy_all(const struct saved *saved, char **text, size_t *size)
{
	struct copy copy = { .out = open_memstream(text, size) };

	HOLDS(copy.out);
	format_begin(copy.out, NOW_MS);
	format_each(saved, copy_record, &copy);
	format_health_begin(copy.out, HEALTH_UP);
	format_health_key(copy.out, KEY, true);
	format_health_begin(copy.out, HEALTH_DOWN);
	format_end(copy.out);
	HOLDS(fclose(copy.out) == 0);
	return copy.count;
}

static void check_again(const struct saved *saved)
{
	char *text, boot[FORMAT_BOOT_MAX];
	size_t size, count = copy_all(saved, &text, &size), again = 0;
	const char *why = NULL;
	struct saved *copy = format_parse(text, size, format_boot(boot), NOW_MS, &why);

	HOLDS(copy);
	format_each(copy, count_record, &again);
	HOLDS(again == count);
	HOLDS(format_is_fresh(copy) && format_health(copy, KEY) == HEALTH_UP);
	format_free(copy);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_new(data, size);
	struct format_record record;
	const char *why = NULL;
	struct saved *saved = format_parse(text, size, BOOT, NOW_MS, &why);

	if (saved) {
		HOLDS(!format_is_fresh(saved) || format_same_boot(saved));
		format_health(saved, KEY);
		format_find(saved, "www.example.com", &record);
		check_again(saved);
	} else {
		check_line(why);
	}
	format_free(saved);
	free(text);
	return 0;
}
