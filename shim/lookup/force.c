#include "lookup/force.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Without surrounding spaces. Returns 0 if empty, or longer than `most`. */
static uint32_t trim(const char **start, const char *end, size_t most)
{
	while (*start < end && **start == ' ')
		(*start)++;
	while (*start < end && end[-1] == ' ')
		end--;
	return (size_t)(end - *start) <= most ? (uint32_t)(end - *start) : 0;
}

static bool parse(const char *entry, size_t length, struct table_force *force)
{
	const char *sign = memchr(entry, '=', length);

	if (!sign)
		return false;
	force->name = entry;
	force->name_length = trim(&force->name, sign, SHUNT_NAME_MAX + 1);
	if (force->name_length && force->name[force->name_length - 1] == '.')
		force->name_length--;
	force->id = sign + 1;
	force->id_length = trim(&force->id, entry + length, SHUNT_ID_MAX);
	return force->name_length >= 1 && force->name_length <= SHUNT_NAME_MAX && force->id_length;
}

enum table_result force_find(const void *table, const char *list, const char *name, uint32_t length,
                             struct table_answer *out)
{
	for (const char *end; *list; list = *end ? end + 1 : end) {
		enum table_result result = TABLE_ABSENT;
		struct table_force force;

		end = list + strcspn(list, ",");
		if (parse(list, (size_t)(end - list), &force))
			result = table_find_forced(table, name, length, &force, out);
		if (result != TABLE_ABSENT)
			return result;
	}
	return TABLE_ABSENT;
}

const char *force_trouble(const void *table, const char *entry, size_t length)
{
	struct table_answer answer;
	struct table_force force;

	if (!parse(entry, length, &force))
		return "malformed";
	if (table_find(table, force.name, force.name_length, false, &answer) == TABLE_ABSENT)
		return "no such name";
	if (table_find_forced(table, force.name, force.name_length, &force, &answer) ==
	    TABLE_ABSENT)
		return "no such endpoint";
	return NULL;
}
