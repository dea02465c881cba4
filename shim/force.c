#include "force.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *text;
	uint32_t length;
};

/* Without spaces around it; anything too long for a name or an id is empty. */
static struct span trim(const char *start, const char *end)
{
	while (start < end && *start == ' ')
		start++;
	while (start < end && end[-1] == ' ')
		end--;
	return (struct span){ start, end - start <= (ptrdiff_t)SHUNT_NAME_MAX + 1
		                             ? (uint32_t)(end - start)
		                             : 0 };
}

static bool split(const char *start, const char *end, struct span *name, struct span *id)
{
	const char *sign = memchr(start, '=', (size_t)(end - start));

	if (!sign)
		return false;
	*name = trim(start, sign);
	*id = trim(sign + 1, end);
	if (name->length && name->text[name->length - 1] == '.')
		name->length--;
	return name->length >= 1 && name->length <= SHUNT_NAME_MAX && id->length >= 1 &&
	       id->length <= SHUNT_ID_MAX;
}

enum table_result force_find(const void *table, const char *list, const char *name, uint32_t length,
                             struct table_answer *out)
{
	for (const char *end; *list; list = *end ? end + 1 : end) {
		struct span forced, id;
		enum table_result result;

		end = list + strcspn(list, ",");
		if (!split(list, end, &forced, &id) ||
		    !table_is_same_record(table, name, length, forced.text, forced.length))
			continue;
		result = table_find_endpoint(table, name, length, id.text, id.length, out);
		if (result != TABLE_ABSENT)
			return result;
	}
	return TABLE_ABSENT;
}
