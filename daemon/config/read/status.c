#include "config/read/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define STATUS_MAX 599u /* maximum for any of the options */

struct statuses {
	const struct config_option *option;
	bool good[STATUS_MAX + 2]; /* the last element stays false */
};

/* Parses a number of at most three digits; returns NULL if there is none within the bounds. */
static const char *parse_number(const struct config_option *option, const char *p, unsigned *out)
{
	const char *start = p;

	for (*out = 0; *p >= '0' && *p <= '9' && p - start < 4; p++)
		*out = *out * 10 + (unsigned)(*p - '0');
	return p > start && *out >= option->min && *out <= option->max ? p : NULL;
}

/* Parses "200" or "200-399", surrounded by optional blanks. */
static const char *parse_range(struct statuses *statuses, const char *p)
{
	unsigned first, last;

	p = parse_number(statuses->option, p + strspn(p, " "), &first);
	last = first;
	if (p && *p == '-')
		p = parse_number(statuses->option, p + 1, &last);
	if (!p || first > last)
		return NULL;
	for (; first <= last; first++)
		statuses->good[first] = true;
	return p + strspn(p, " ");
}

static bool parse_ranges(struct statuses *statuses, const char *text)
{
	const char *p = parse_range(statuses, text);

	while (p && *p == ',')
		p = parse_range(statuses, p + 1);
	return p && !*p;
}

static bool add_value(const struct config_group *group, const struct tree *value,
                      struct statuses *statuses)
{
	const struct config_option *option = statuses->option;
	const char *bounds = option->bounds;
	bool is_http = option == &config_options[OPT_CHECK_EXPECT_STATUS];
	int number;

	if (value->type == TREE_STRING) {
		if (parse_ranges(statuses, value->text))
			return true;
		return config_fail(group->reader, value,
		                   "\"%.64s\" is no list of statuses; write %s, as in %s",
		                   value->text, bounds, is_http ? "\"200,300-399\"" : "\"0,3-5\"");
	}
	if (value->type != TREE_INT)
		return config_fail(group->reader, value,
		                   "must be a status or ranges of them; write %s",
		                   is_http ? "200 or \"200-399\"" : "0 or \"0-1\"");
	number = value->number;
	if (number < (int)option->min || number > (int)option->max)
		return config_fail_bounds(group->reader, value, bounds);
	statuses->good[number] = true;
	return true;
}

static bool add_list(const struct config_group *group, const struct tree *list,
                     struct statuses *statuses)
{
	int count = list->length;

	if (count == 0)
		return config_fail(group->reader, list,
		                   "is empty; write at least one status, or leave it out");
	for (int i = 0; i < count; i++) {
		if (!add_value(group, list->elements[i], statuses))
			return false;
	}
	return true;
}

static struct status_list store(struct arena *arena, const struct statuses *statuses)
{
	/* Ranges that are not joined have a gap between them, which limits their number. */
	struct status_range ranges[STATUS_MAX / 2 + 1], *kept;
	size_t count = 0;

	for (unsigned i = 0; i <= STATUS_MAX; i++) {
		if (statuses->good[i] && (i == 0 || !statuses->good[i - 1]))
			ranges[count].first = (uint16_t)i;
		if (statuses->good[i] && !statuses->good[i + 1])
			ranges[count++].last = (uint16_t)i;
	}
	kept = arena_alloc(arena, count, sizeof(*kept));
	memcpy(kept, ranges, count * sizeof(*kept));
	return (struct status_list){ kept, count };
}

bool config_status_read(const struct config_group *group, enum option option,
                        struct status_list *list)
{
	const struct tree *value = group->values[option];
	struct statuses statuses = { .option = &config_options[option] };
	const char *text = NULL;
	bool good;

	if (!value)
		good = config_value_string(group, option, &text) &&
		       (!text || parse_ranges(&statuses, text));
	else if (tree_is_list(value))
		good = add_list(group, value, &statuses);
	else
		good = add_value(group, value, &statuses);
	if (good)
		*list = store(group->reader->arena, &statuses);
	return good;
}

bool config_status_of_program(const struct config_group *group, struct check *check)
{
	if (!config_status_read(group, OPT_CHECK_PASS_STATUS, &check->pass_status) ||
	    !config_status_read(group, OPT_CHECK_NONE_STATUS, &check->none_status))
		return false;
	for (unsigned status = 0; status <= 255; status++) {
		if (config_status_has(&check->pass_status, status) &&
		    config_status_has(&check->none_status, status))
			return config_fail(group->reader, group->values[OPT_CHECK_NONE_STATUS],
			                   "has %u, and so has pass_status; remove it from one",
			                   status);
	}
	return true;
}
