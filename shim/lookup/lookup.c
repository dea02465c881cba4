#include "lookup/lookup.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "attach/attach.h"
#include "core/hot.h"
#include "core/settings.h"
#include "core/tick.h"
#include "lookup/debug.h"
#include "lookup/force.h"
#include "lookup/unicode.h"

/* By then a daemon that was preempted in the middle of a record is running again. */
#define BUSY_MS 100

struct question {
	unsigned flags; /* SETTINGS_ */
	bool named;     /* as for lookup_name() */
	uint32_t length;
	const char *name;
};

/*
 * Whether the last label is empty or a number: true for IPv4 addresses and most IPv6 addresses, and
 * for no name in a table.
 */
static bool ends_in_number(const char *name, size_t length)
{
	while (length > 0 && name[length - 1] >= '0' && name[length - 1] <= '9')
		length--;
	return length == 0 || name[length - 1] == '.' || name[length - 1] == ':';
}

/* Whether `c` is more than the digits, '.' and ':', by which a number ends, as letters are. */
static inline bool is_beyond_numbers(char c)
{
	return (unsigned char)c > ':';
}

/* The length without one final dot; 0: no table contains such a name. */
static inline uint32_t name_length(const char *name)
{
	size_t length = strnlen(name, SHUNT_NAME_MAX + 2);

	if (length > 0 && name[length - 1] == '.')
		length--;
	if (length == 0 || length > SHUNT_NAME_MAX)
		return 0;
	return is_beyond_numbers(name[length - 1]) || !ends_in_number(name, length)
	               ? (uint32_t)length
	               : 0;
}

bool lookup_is_number(const char *name)
{
	if (*name == ':')
		return true;
	while (*name >= '.' && *name <= '9')
		name++;
	return *name == '\0';
}

static COLD enum table_result search_forced(const void *table, const char *name, uint32_t length,
                                            struct table_answer *out)
{
	enum table_result result = force_find(table, settings_force(), name, length, out);

	out->forced = result == TABLE_FOUND;
	return result == TABLE_ABSENT ? table_find(table, name, length, true, out) : result;
}

static inline enum table_result search(const void *table, const struct question *question,
                                       struct table_answer *out)
{
	if (question->flags & SETTINGS_FORCED)
		return search_forced(table, question->name, question->length, out);
	out->forced = false;
	return table_find(table, question->name, question->length, question->named, out);
}

/*
 * The slow path: a record is being written for longer than a writer needs, or everything is
 * damaged.
 */
static COLD enum table_result find_slowly(const struct question *question, enum table_result result,
                                          struct table_answer *out)
{
	const void *table = attach_table();
	int64_t deadline = tick_ms() + BUSY_MS;
	int saved = errno, state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	while (table && result == TABLE_BUSY && attach_is_alive() && tick_ms() < deadline) {
		poll(NULL, 0, 1);
		result = search(table, question, out);
	}
	pthread_setcancelstate(state, NULL);
	errno = saved;
	if (result == TABLE_BUSY || result == TABLE_DAMAGED) {
		table = attach_again();
		if (table)
			result = search(table, question, out);
	}
	return result;
}

/*
 * Keeps the addresses that answer. If the daemon marked none, all addresses of the endpoint answer:
 * an answer is never empty.
 */
static inline void keep_answering(struct table_answer *answer)
{
	uint32_t kept = 0;

	if (answer->count == 1)
		return;
	for (uint32_t i = 0; i < answer->count; i++) {
		if (!(answer->addresses[i].flags & SHUNT_ADDRESS_ANSWER))
			continue;
		if (kept != i)
			answer->addresses[kept] = answer->addresses[i];
		kept++;
	}
	if (kept)
		answer->count = kept;
}

static enum lookup_result judge(enum table_result result, struct table_answer *answer)
{
	/* A managed name must never get an answer other than ours. */
	if (result == TABLE_BUSY)
		return LOOKUP_FAIL;
	if (result != TABLE_FOUND || answer->answer == SHUNT_ANSWER_DNS)
		return LOOKUP_PASS;
	if (answer->answer == SHUNT_ANSWER_FAIL || answer->count == 0)
		return LOOKUP_FAIL;
	keep_answering(answer);
	return LOOKUP_FOUND;
}

static inline enum lookup_result find(const struct question *question, struct table_answer *out)
{
	const void *table = attach_table();
	enum table_result result;

	if (!table)
		return LOOKUP_PASS;
	result = search(table, question, out);
	if (result == TABLE_BUSY || result == TABLE_DAMAGED)
		result = find_slowly(question, result, out);
	return judge(result, out);
}

enum lookup_result lookup_name(const char *name, bool named, struct table_answer *out)
{
	struct question question = { .flags = settings_flags(), .named = named, .name = name };
	enum lookup_result result;

	if (!name || question.flags & SETTINGS_DISABLED)
		return LOOKUP_PASS;
	question.length = name_length(name);
	result = question.length ? find(&question, out) : LOOKUP_PASS;
	if (question.flags & SETTINGS_DEBUG && result == LOOKUP_PASS)
		debug_passed(name);
	return result;
}

bool lookup_is_ascii(const char *name)
{
	for (; name && *name; name++)
		if (*name & 0x80)
			return false;
	return true;
}

COLD enum lookup_result lookup_international(const char *name, bool named, struct table_answer *out)
{
	char unicode[TABLE_NAME_SIZE], canonical[TABLE_NAME_SIZE];
	uint32_t length = settings_flags() & SETTINGS_DISABLED
	                          ? 0
	                          : unicode_fold(name, unicode, SHUNT_NAME_MAX);
	const void *table = length ? attach_table() : NULL;

	if (table && table_unicode(table, unicode, length, canonical))
		return lookup_name(canonical, named, out);
	return lookup_name(name, named, out);
}

bool lookup_alias(const char *name, uint32_t i, char out[TABLE_NAME_SIZE])
{
	uint32_t length = name_length(name);
	const void *table = length ? attach_mapped() : NULL;

	return table && table_alias(table, name, length, i, out);
}
