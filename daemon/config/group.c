#include "config/group.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"

/* --- errors ---------------------------------------------------------------------------------- */

static void write_path(FILE *out, const struct tree *setting)
{
	const struct tree *parent = setting->parent;
	const char *name = setting->name;

	if (!parent)
		return;
	write_path(out, parent);
	if (name)
		fprintf(out, "%s%s", !parent->parent ? "" : ".", name);
	else
		fprintf(out, "[%d]", setting->index);
}

struct config_place config_group_place(const struct config_reader *reader,
                                       const struct tree *setting)
{
	unsigned line = setting ? setting->line : 0;
	struct config_place place = config_text_place(reader->text, line);

	if (!setting)
		place.line = 0;
	return place;
}

/* `member`, if given, is a setting missing below `at`. */
static bool fail_at(const struct config_reader *reader, const struct tree *at, const char *member,
                    const char *what)
{
	struct config_place place = config_group_place(reader, at);
	char path[CONFIG_ERROR_MAX / 2] = "";
	FILE *out = fmemopen(path, sizeof(path), "w");

	if (out) {
		write_path(out, at);
		if (member)
			fprintf(out, "%s%s", !at->parent ? "" : ".", member);
		fclose(out);
	}
	path[sizeof(path) - 1] = '\0';
	return config_error(reader->error, "%s:%u: %s: %s", place.file, place.line ? place.line : 1,
	                    path, what);
}

bool config_fail(const struct config_reader *reader, const struct tree *at, const char *format, ...)
{
	char what[CONFIG_ERROR_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	return fail_at(reader, at, NULL, what);
}

/* The original text of a number that does not fit 32 bits is not available. */
bool config_fail_bounds(const struct config_reader *reader, const struct tree *at,
                        const char *bounds)
{
	const char *text = at->text;
	int number = at->number;

	if (text)
		return config_fail(reader, at, "\"%.64s\" is out of bounds; write %s", text,
		                   bounds);
	if (number == INT32_MAX || number == INT32_MIN)
		return config_fail(reader, at, "is out of bounds; write %s", bounds);
	return config_fail(reader, at, "%d is out of bounds; write %s", number, bounds);
}

bool config_fail_missing(const struct config_group *group, enum option option, const char *cure)
{
	char what[CONFIG_ERROR_MAX];

	snprintf(what, sizeof(what), "is missing; write %s", cure);
	return fail_at(group->reader, group->setting, config_options[option].name, what);
}

/* --- groups ---------------------------------------------------------------------------------- */

static bool fail_unknown(const struct config_reader *reader, const struct tree *setting,
                         unsigned scope)
{
	char known[CONFIG_ERROR_MAX / 2];
	struct near near;
	size_t length = 0;

	near_init(&near, setting->name);
	for (const struct config_option *row = config_options; row->name; row++) {
		if (row->scope != scope)
			continue;
		near_offer(&near, row->name);
		length += (size_t)snprintf(known + length, sizeof(known) - length, "%s%s",
		                           length ? ", " : "", row->name);
	}
	if (near.best)
		return config_fail(reader, setting, "unknown setting; did you mean \"%s\"?",
		                   near.best);
	return config_fail(reader, setting, "unknown setting; known here are %s", known);
}

static int find_option(const char *name, unsigned scope)
{
	for (int i = 0; i < OPTIONS; i++) {
		if (config_options[i].scope == scope && strcmp(config_options[i].name, name) == 0)
			return i;
	}
	return -1;
}

bool config_group_open(struct config_reader *reader, const struct tree *setting, unsigned scope,
                       struct config_group *group)
{
	*group = (struct config_group){ .reader = reader, .setting = setting };
	if (!tree_is_group(setting))
		return config_fail(reader, setting, "must be a group; write { ... }");
	for (int i = 0; i < setting->length; i++) {
		const struct tree *value = setting->elements[i];
		int option = find_option(value->name, scope);

		if (option < 0)
			return fail_unknown(reader, value, scope);
		group->values[option] = value;
	}
	return true;
}
