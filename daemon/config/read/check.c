#include "config/read/check.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/duration.h"
#include "base/near.h"
#include "config/read/command.h"
#include "config/read/hint.h"
#include "config/read/key.h"
#include "config/read/request.h"
#include "config/read/status.h"
#include "config/read/tls.h"

#define NESTED_MAX 8u /* maximum nesting of calculated checks */

static const uint16_t type_ports[CHECK_TYPES] = { [CHECK_HTTP] = 80, [CHECK_HTTPS] = 443 };
/* Types that connect, and have no default port. */
static const bool type_needs_port[CHECK_TYPES] = { [CHECK_TCP] = true, [CHECK_TLS] = true };

/* --- one check ------------------------------------------------------------------------------- */

/* The error names the first type that accepts the option. */
static bool fail_type(const struct config_group *group, enum option option, enum check_type type)
{
	int taker = __builtin_ctz(config_options[option].types);

	return config_fail(group->reader, group->values[option],
	                   "does not apply to type \"%s\"; remove it, or write type = \"%s\"",
	                   check_type_words[type], check_type_words[taker]);
}

static bool read_type(const struct config_group *group, struct check *check)
{
	int type;

	if (!config_value_word(group, OPT_CHECK_TYPE, check_type_words, &type))
		return false;
	check->type = (enum check_type)type;
	for (int i = 0; i < OPTIONS; i++) {
		if (group->values[i] && !(config_options[i].types & 1u << type))
			return fail_type(group, (enum option)i, check->type);
	}
	return true;
}

static bool read_port(const struct config_group *group, struct check *check)
{
	uint32_t port;

	check->port = type_ports[check->type];
	if (!group->values[OPT_CHECK_PORT])
		return !type_needs_port[check->type] ||
		       config_fail_missing(group, OPT_CHECK_PORT,
		                           "the port to connect to, as in port = 5432");
	if (!config_value_integer(group, OPT_CHECK_PORT, &port))
		return false;
	check->port = (uint16_t)port;
	return true;
}

/* Whether it is a valid device name (Linux's dev_valid_name), and not a mistyped address. */
static bool is_interface(const char *text)
{
	size_t length = strlen(text);

	return length && length < IFNAMSIZ && !text[strcspn(text, "/: \t\n\v\f\r")] &&
	       text[strspn(text, "0123456789.")];
}

static bool read_source(const struct config_group *group, struct check *check)
{
	const char *text;

	if (!config_value_string(group, OPT_CHECK_SOURCE, &text))
		return false;
	if (!text || address_parse(text, &check->source))
		return true;
	check->source_interface = text;
	return is_interface(text) ||
	       config_fail(group->reader, group->values[OPT_CHECK_SOURCE],
	                   "\"%.64s\" is neither an IP address nor an interface; write one, as in "
	                   "\"192.0.2.1\" or \"eth0\"",
	                   text);
}

static bool read_connect_timeout(const struct config_group *group, struct check *check)
{
	const struct tree *value = group->values[OPT_CHECK_CONNECT_TIMEOUT];
	char text[DURATION_TEXT_MAX];

	if (!value)
		return true;
	if (!config_value_duration(group, OPT_CHECK_CONNECT_TIMEOUT, &check->connect_timeout))
		return false;
	return check->connect_timeout <= check->timeout ||
	       config_fail(group->reader, value, "is longer than timeout; write at most \"%s\"",
	                   duration_format(check->timeout, text));
}

static bool read_times(const struct config_group *group, struct check *check)
{
	char text[DURATION_TEXT_MAX];

	if (!config_value_duration(group, OPT_CHECK_INTERVAL, &check->interval) ||
	    !config_value_duration(group, OPT_CHECK_FAST_INTERVAL, &check->fast_interval) ||
	    !config_value_duration(group, OPT_CHECK_TIMEOUT, &check->timeout) ||
	    !read_connect_timeout(group, check))
		return false;
	check->down_interval = check->interval;
	if (group->values[OPT_CHECK_DOWN_INTERVAL] &&
	    !config_value_duration(group, OPT_CHECK_DOWN_INTERVAL, &check->down_interval))
		return false;
	if (check->fast_interval <= check->interval)
		return true;
	if (group->values[OPT_CHECK_FAST_INTERVAL])
		return config_fail(group->reader, group->values[OPT_CHECK_FAST_INTERVAL],
		                   "is longer than interval; write at most \"%s\"",
		                   duration_format(check->interval, text));
	check->fast_interval = check->interval;
	return true;
}

static bool read_rules(const struct config_group *group, struct check *check)
{
	uint32_t fall, rise;

	if (!config_value_integer(group, OPT_CHECK_FALL, &fall) ||
	    !config_value_integer(group, OPT_CHECK_RISE, &rise) ||
	    !config_value_bool(group, OPT_CHECK_INVERT, &check->invert) ||
	    !config_value_bool(group, OPT_CHECK_DISABLED, &check->disabled) ||
	    !config_value_bool(group, OPT_CHECK_WATCH, &check->watch))
		return false;
	check->rules = (struct health_rules){ fall, rise };
	return true;
}

/* Reads all options except references to other checks. */
static bool read_check(struct config_reader *reader, const struct tree *setting, const char *name,
                       struct config_entry *entry)
{
	struct check *check = arena_alloc(reader->arena, 1, sizeof(*check));
	struct config_group group;

	if (!config_group_open(reader, setting, SCOPE_CHECK, &group) || !read_type(&group, check) ||
	    !read_port(&group, check) || !config_request_read(&group, check) ||
	    !config_tls_read(&group, check) || !read_source(&group, check) ||
	    !read_times(&group, check) || !read_rules(&group, check))
		return false;
	/* The probe sends the record's name, as clients do. */
	check->per_record =
	        config_options[OPT_CHECK_HOST].types & 1u << check->type && !check->host;
	if (check->type == CHECK_EXEC &&
	    (!config_command_of_check(&group, check) || !config_status_of_program(&group, check)))
		return false;
	reader->has_programs |= check->type == CHECK_EXEC;
	check->name = name;
	config_hint_find(&group, check);
	*entry = (struct config_entry){ .check = check, .setting = setting };
	return true;
}

/* --- checks by name -------------------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct config_entry *)a)->check->name,
	              ((const struct config_entry *)b)->check->name);
}

static bool fail_no_check(const struct config_reader *reader, const struct tree *setting,
                          const char *name)
{
	struct near near;

	near_init(&near, name);
	for (size_t i = 0; i < reader->check_count; i++)
		near_offer(&near, reader->checks[i].check->name);
	if (near.best)
		return config_fail(reader, setting,
		                   "there is no check \"%.64s\"; did you mean \"%s\"?", name,
		                   near.best);
	return config_fail(reader, setting, "there is no check \"%.64s\"; add it to checks", name);
}

/* Returns NULL, with the error filled, if there is none. */
static struct config_entry *find_entry(const struct config_reader *reader,
                                       const struct tree *setting, const char *name)
{
	struct check wanted = { .name = name };
	const struct config_entry key = { .check = &wanted };
	struct config_entry *found = NULL;

	if (reader->check_count)
		found = bsearch(&key, reader->checks, reader->check_count, sizeof(key),
		                compare_entries);
	if (!found)
		fail_no_check(reader, setting, name);
	return found;
}

static bool complete(struct config_reader *reader, struct config_entry *entry, unsigned depth);

/*
 * Reads one element of `of`: a check with another name, complete, that does not lead back to this
 * one.
 */
static bool read_child(struct config_reader *reader, const struct tree *value,
                       struct config_entry *parent, const struct check **child, unsigned depth)
{
	struct check *check = parent->check;
	const char *name = config_value_text(reader, value);
	struct config_entry *entry = name ? find_entry(reader, value, name) : NULL;

	if (!entry)
		return false;
	if (entry->state == ENTRY_UNDER_WAY)
		return config_fail(reader, value,
		                   "\"%.64s\" is calculated from this check itself; remove one of "
		                   "the two",
		                   name);
	/* `depth` limits this recursion; the height limits checks that were read before. */
	if (depth < NESTED_MAX && !complete(reader, entry, depth + 1))
		return false;
	if (depth == NESTED_MAX || entry->height == NESTED_MAX)
		return config_fail(reader, value,
		                   "calculated checks stand more than %u deep; name the innermost "
		                   "checks here",
		                   NESTED_MAX);
	for (const struct check *const *other = check->of; other < child; other++) {
		if (*other == entry->check)
			return config_fail(reader, value, "stands twice in this list; remove one");
	}
	parent->leaves += entry->leaves;
	if (parent->leaves > CHECK_OF_MAX)
		return config_fail(reader, value, "makes it more than %u checks in all; name fewer",
		                   CHECK_OF_MAX);
	*child = entry->check;
	if (parent->height <= entry->height)
		parent->height = entry->height + 1;
	check->per_record |= entry->check->per_record;
	check->per_endpoint |= entry->check->per_endpoint;
	return true;
}

static bool read_children(const struct config_group *group, struct config_entry *entry,
                          unsigned depth)
{
	const struct tree *values = group->values[OPT_CHECK_OF];
	struct config_reader *reader = group->reader;
	struct check *check = entry->check;
	const struct check **of;

	if (!values)
		return config_fail_missing(group, OPT_CHECK_OF,
		                           "names of checks, as in of = [ \"web\", \"db\" ]");
	if (!config_value_list(group, OPT_CHECK_OF, &check->of_count) ||
	    !config_value_integer(group, OPT_CHECK_AT_LEAST, &check->at_least))
		return false;
	if (!group->values[OPT_CHECK_AT_LEAST])
		check->at_least = (uint32_t)check->of_count;
	of = arena_alloc(reader->arena, check->of_count, sizeof(*of));
	check->of = of;
	for (size_t i = 0; i < check->of_count; i++) {
		if (!read_child(reader, values->elements[i], entry, &of[i], depth))
			return false;
	}
	return true;
}

static bool complete(struct config_reader *reader, struct config_entry *entry, unsigned depth)
{
	struct config_group group;

	if (entry->state == ENTRY_COMPLETE)
		return true;
	entry->state = ENTRY_UNDER_WAY;
	entry->leaves = entry->check->type != CHECK_CALCULATED;
	if (entry->check->type == CHECK_CALCULATED &&
	    (!config_group_open(reader, entry->setting, SCOPE_CHECK, &group) ||
	     !read_children(&group, entry, depth)))
		return false;
	entry->check->key = config_key_make(reader->arena, entry->check);
	entry->state = ENTRY_COMPLETE;
	return true;
}

/* --- all checks ------------------------------------------------------------------------------ */

bool config_checks_read(const struct config_group *file)
{
	const struct tree *setting = file->values[OPT_FILE_CHECKS];
	struct config_reader *reader = file->reader;
	size_t count;

	if (!setting)
		return true;
	if (!tree_is_group(setting))
		return config_fail(reader, setting,
		                   "must be a group; write { NAME: { type = ...; }; }");
	count = (size_t)setting->length;
	reader->checks = arena_alloc(reader->arena, count, sizeof(*reader->checks));
	for (size_t i = 0; i < count; i++) {
		const struct tree *one = setting->elements[i];
		const char *name = one->name;

		if (!read_check(reader, one, arena_copy(reader->arena, name, strlen(name)),
		                &reader->checks[i]))
			return false;
	}
	qsort(reader->checks, count, sizeof(*reader->checks), compare_entries);
	reader->check_count = count;
	for (size_t i = 0; i < count; i++) {
		if (!complete(reader, &reader->checks[i], 0))
			return false;
	}
	return true;
}

bool config_check_of(struct config_reader *reader, const struct tree *setting,
                     const struct check **out)
{
	struct config_entry own, *entry = &own;

	if (tree_is_group(setting)) {
		if (!read_check(reader, setting, NULL, &own) || !complete(reader, &own, 0))
			return false;
	} else if (setting->type != TREE_STRING) {
		return config_fail(
		        reader, setting,
		        "must be the name of a check, or a check; write \"NAME\" or { type "
		        "= ...; }");
	} else {
		entry = find_entry(reader, setting, setting->text);
		if (!entry)
			return false;
	}
	*out = entry->check;
	return true;
}
