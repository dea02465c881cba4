#include "api/record.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

const char *record_field(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

long long record_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool same_name(const char *a, const char *b, size_t length)
{
	return a && strlen(a) == length && strncasecmp(a, b, length) == 0;
}

static bool record_has_name(const json_t *record, const char *name, size_t length)
{
	json_t *alias;
	size_t i;

	if (same_name(record_field(record, "name"), name, length))
		return true;
	json_array_foreach (json_object_get(record, "aliases"), i, alias) {
		if (same_name(json_string_value(alias), name, length))
			return true;
	}
	return false;
}

json_t *record_find(const json_t *status, const char *name)
{
	size_t length = strlen(name), i;
	json_t *record;

	if (length > 1 && name[length - 1] == '.')
		length--;
	json_array_foreach (json_object_get(status, "records"), i, record) {
		if (record_has_name(record, name, length))
			return record;
	}
	return NULL;
}
