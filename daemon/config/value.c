#include "config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/duration.h"
#include "config/name.h"

/* --- scalars --------------------------------------------------------------------------------- */

bool config_value_bool(const struct config_group *group, enum option option, bool *out)
{
	const struct tree *value = group->values[option];

	if (value && value->type != TREE_BOOL)
		return config_fail(group->reader, value,
		                   "must be true or false; write it without quotes");
	*out = value ? value->number : strcmp(config_options[option].value, "true") == 0;
	return true;
}

bool config_value_integer(const struct config_group *group, enum option option, uint32_t *out)
{
	const struct config_option *row = &config_options[option];
	const struct tree *value = group->values[option];
	int number;

	if (!value) {
		*out = row->value ? (uint32_t)strtoul(row->value, NULL, 10) : 0;
		return true;
	}
	if (value->type != TREE_INT)
		return config_fail(group->reader, value,
		                   "must be a whole number; write %s without quotes", row->bounds);
	number = value->number;
	if (number < 0 || (uint32_t)number < row->min || (uint32_t)number > row->max)
		return config_fail_bounds(group->reader, value, row->bounds);
	*out = (uint32_t)number;
	return true;
}

const char *config_value_text(const struct config_reader *reader, const struct tree *setting)
{
	if (setting->type == TREE_STRING)
		return setting->text;
	config_fail(reader, setting, "must be a string; write it in double quotes");
	return NULL;
}

/* A default without its quotes. */
static char *default_text(struct arena *arena, const char *value)
{
	return arena_copy(arena, value + 1, strlen(value) - 2);
}

bool config_value_string(const struct config_group *group, enum option option, const char **out)
{
	const struct config_option *row = &config_options[option];
	const struct tree *value = group->values[option];
	const char *text;
	size_t length;

	*out = NULL;
	if (!value) {
		*out = row->value ? default_text(group->reader->arena, row->value) : NULL;
		return true;
	}
	text = config_value_text(group->reader, value);
	if (!text)
		return false;
	length = strlen(text);
	if (length < row->min)
		return config_fail(group->reader, value, "is empty; write %s", row->bounds);
	if (row->max && length > row->max)
		return config_fail(group->reader, value, "is too long; write %s", row->bounds);
	*out = arena_copy(group->reader->arena, text, length);
	return true;
}

/*
 * `number` is the text as written, with its quotes if any. Suggests seconds if that value is within
 * bounds.
 */
static bool fail_unit(const struct config_reader *reader, const struct tree *value,
                      const struct config_option *row, const char *number, const char *digits)
{
	char seconds[32];
	uint32_t ms;

	snprintf(seconds, sizeof(seconds), "%.16ss", digits);
	if (duration_parse(seconds, &ms) == DURATION_OK && ms >= row->min && ms <= row->max)
		return config_fail(reader, value, "%s has no unit; write \"%s\" for seconds",
		                   number, seconds);
	return config_fail(reader, value, "has no unit; write %s, as in \"10s\"", row->bounds);
}

static bool fail_duration(const struct config_reader *reader, const struct tree *value,
                          enum duration_error fault, const struct config_option *row)
{
	const char *text = value->text;
	char number[32];

	if (fault == DURATION_NO_UNIT) {
		snprintf(number, sizeof(number), "\"%.16s\"", text);
		return fail_unit(reader, value, row, number, text);
	}
	if (fault == DURATION_TOO_LONG)
		return config_fail_bounds(reader, value, row->bounds);
	return config_fail(reader, value,
	                   "\"%.64s\" is no duration; write a whole number and ms, s, m or h, as "
	                   "in \"10s\"",
	                   text);
}

static bool parse_duration(const struct config_group *group, const struct tree *value,
                           const struct config_option *row, uint32_t *out)
{
	enum duration_error fault;
	char number[16];

	if (value->type == TREE_INT && value->number >= 0) {
		snprintf(number, sizeof(number), "%d", value->number);
		return fail_unit(group->reader, value, row, number, number);
	}
	if (value->type != TREE_STRING)
		return config_fail(group->reader, value,
		                   "must be a duration; write it as in \"10s\"");
	fault = duration_parse(value->text, out);
	if (fault == DURATION_OK && (*out < row->min || *out > row->max))
		fault = DURATION_TOO_LONG;
	return fault == DURATION_OK || fail_duration(group->reader, value, fault, row);
}

bool config_value_duration(const struct config_group *group, enum option option, uint32_t *out)
{
	const struct config_option *row = &config_options[option];
	char text[DURATION_TEXT_MAX];

	if (group->values[option])
		return parse_duration(group, group->values[option], row, out);
	snprintf(text, sizeof(text), "%.*s", (int)strlen(row->value) - 2, row->value + 1);
	return duration_parse(text, out) == DURATION_OK;
}

/* The index of the word of that length; that of the final NULL if there is none. */
static int find_word(const char *const *words, const char *text, size_t length)
{
	int i = 0;

	while (words[i] && (strlen(words[i]) != length || memcmp(words[i], text, length) != 0))
		i++;
	return i;
}

/* Without an allocation: a record has eight words, most of which are not given. */
bool config_value_word(const struct config_group *group, enum option option,
                       const char *const *words, int *out)
{
	const struct config_option *row = &config_options[option];
	const struct tree *value = group->values[option];
	char cure[128];
	const char *text;

	if (!value && row->value) {
		*out = find_word(words, row->value + 1, strlen(row->value) - 2);
		return true;
	}
	if (!value) {
		snprintf(cure, sizeof(cure), "%s = %s", row->name, row->kind);
		return config_fail_missing(group, option, cure);
	}
	text = config_value_text(group->reader, value);
	if (!text)
		return false;
	*out = find_word(words, text, strlen(text));
	if (words[*out])
		return true;
	return config_fail(group->reader, group->values[option], "\"%.64s\" is not known; write %s",
	                   text, row->kind);
}

bool config_value_path(const struct config_group *group, enum option option, const char **out)
{
	const struct config_option *row = &config_options[option];
	struct config_reader *reader = group->reader;
	const struct tree *value = group->values[option];
	const char *text;

	*out = NULL;
	if (!value)
		return config_value_string(group, option, out);
	text = config_value_text(reader, value);
	if (!text)
		return false;
	if (!*text)
		return config_fail(reader, value, "is empty; write the path of a file");
	if (text[strlen(text) - 1] == '/')
		return config_fail(reader, value, "ends in \"/\"; write the path without it");
	*out = arena_printf(reader->arena, "%s%s", *text == '/' ? "" : reader->folder, text);
	if (strlen(*out) > row->max)
		return config_fail(reader, value, "is too long; write an absolute path of %s",
		                   row->bounds);
	return true;
}

/* --- hosts and addresses --------------------------------------------------------------------- */

/* Returns a host name without its final dot, in the arena; NULL with the error filled. */
static const char *host_of(const struct config_reader *reader, const struct tree *setting,
                           bool ipv4)
{
	const char *text = config_value_text(reader, setting), *fault;
	struct address address;
	size_t length;

	if (!text)
		return NULL;
	if (ipv4 && address_parse(text, &address) && address.family == SHUNT_FAMILY_IPV4)
		return arena_copy(reader->arena, text, strlen(text));
	length = config_name_length(text);
	fault = config_name_fault(text, length);
	if (!fault)
		return arena_copy(reader->arena, text, length);
	config_fail(reader, setting, "\"%.64s\" %s", text, fault);
	return NULL;
}

bool config_value_host(const struct config_group *group, enum option option, bool ipv4,
                       const char **out)
{
	const struct tree *value = group->values[option];

	*out = value ? host_of(group->reader, value, ipv4) : NULL;
	return *out || !value;
}

static bool parse_port(const char *text, uint16_t *out)
{
	char *end;
	unsigned long number;

	if (*text < '0' || *text > '9' || strlen(text) > 5)
		return false;
	number = strtoul(text, &end, 10);
	*out = (uint16_t)number;
	return !*end && number >= 1 && number <= 65535;
}

bool config_value_socket_address(const char *text, uint16_t port, struct resolver_address *out)
{
	const char *end, *behind;
	char address[ADDRESS_TEXT_MAX];
	bool bracket = *text == '[';

	out->port = port;
	if (address_parse(text, &out->address))
		return port != 0;
	end = strchr(text, bracket ? ']' : ':');
	text += bracket;
	if (!end || (size_t)(end - text) >= sizeof(address))
		return false;
	memcpy(address, text, (size_t)(end - text));
	address[end - text] = '\0';
	behind = end + bracket;
	if (!address_parse(address, &out->address) ||
	    bracket != (out->address.family == SHUNT_FAMILY_IPV6))
		return false;
	if (!*behind)
		return port != 0;
	return *behind == ':' && parse_port(behind + 1, &out->port);
}

/* --- lists ----------------------------------------------------------------------------------- */

bool config_value_list(const struct config_group *group, enum option option, size_t *count)
{
	const struct config_option *row = &config_options[option];
	const struct tree *value = group->values[option];

	*count = 0;
	if (!value)
		return true;
	if (!tree_is_list(value))
		return config_fail(group->reader, value, "must be a %s; write [ \"...\", \"...\" ]",
		                   row->kind);
	*count = (size_t)value->length;
	if (*count < row->min)
		return config_fail(group->reader, value, "is empty; write %s", row->bounds);
	if (*count > row->max)
		return config_fail(group->reader, value, "has %zu entries; write %s", *count,
		                   row->bounds);
	return true;
}

bool config_value_hosts(const struct config_group *group, enum option option,
                        const char *const **out, size_t *count)
{
	const char **hosts;

	if (!config_value_list(group, option, count))
		return false;
	hosts = arena_alloc(group->reader->arena, *count, sizeof(*hosts));
	*out = hosts;
	for (size_t i = 0; i < *count; i++) {
		hosts[i] = host_of(group->reader, group->values[option]->elements[i], false);
		if (!hosts[i])
			return false;
	}
	return true;
}
