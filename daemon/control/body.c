#include "control/body.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"

static bool fail(char error[BODY_ERROR_MAX], const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Always returns false. */
static bool fail(char error[BODY_ERROR_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, BODY_ERROR_MAX, format, args);
	va_end(args);
	return false;
}

static const struct body_member *find(const struct body_member *members, const char *name)
{
	for (; members->name; members++)
		if (strcmp(members->name, name) == 0)
			return members;
	return NULL;
}

static bool unknown(const struct body_member *members, const char *name, char error[BODY_ERROR_MAX])
{
	struct near near;

	if (!members->name)
		return fail(error, "%.64s: unknown member; this request takes none", name);
	near_init(&near, name);
	for (const struct body_member *member = members; member->name; member++)
		near_offer(&near, member->name);
	return fail(error, "%.64s: unknown member%s%s%s", name, near.best ? "; did you mean " : "",
	            near.best ? near.best : "", near.best ? "?" : "");
}

static bool take(const struct body_member *member, const json_t *value, char error[BODY_ERROR_MAX])
{
	if (member->text && !json_is_string(value))
		return fail(error, "%s: must be a string; write it in double quotes", member->name);
	if (member->flag && !json_is_boolean(value))
		return fail(error, "%s: must be true or false", member->name);
	if (member->text)
		*member->text = json_string_value(value);
	if (member->flag)
		*member->flag = json_is_true(value);
	return true;
}

static bool take_all(json_t *object, const struct body_member *members, char error[BODY_ERROR_MAX])
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		const struct body_member *member = find(members, name);

		if (!member)
			return unknown(members, name, error);
		if (!take(member, value, error))
			return false;
	}
	for (; members->name; members++) {
		if (members->required && !json_object_get(object, members->name))
			return fail(error, "%s: is missing", members->name);
	}
	return true;
}

json_t *body_read(const char *text, size_t size, const struct body_member *members,
                  char error[BODY_ERROR_MAX])
{
	json_t *object =
	        size ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : json_object();

	if (!json_is_object(object))
		fail(error, "the body must be one JSON object, as in {\"%s\": \"...\"}",
		     members->name ? members->name : "");
	else if (take_all(object, members, error))
		return object;
	json_decref(object);
	return NULL;
}
