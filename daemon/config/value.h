/*
 * Typed readers of option values, with bounds checking.
 *
 * config_group_open() assigns a group's settings to the options of its scope and rejects any other.
 * Each reader then returns the checked value of an option, or its default. A reader that returns false
 * has filled the error.
 */
#ifndef SHUNT_CONFIG_VALUE_H
#define SHUNT_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/error.h"
#include "config/options.h"
#include "config/text.h"
#include "config/tree.h"

/* A check of `checks`. References to other checks are resolved once all have been read. */
struct config_entry {
	struct check *check;
	const struct tree *setting;
	enum { ENTRY_READ, ENTRY_UNDER_WAY, ENTRY_COMPLETE } state;
	/* Levels of calculated checks from here down to the deepest probed check. */
	unsigned height;
	/* Probed checks below, counted once per path to them: the work of visiting them all. */
	unsigned leaves;
};

/* One load. */
struct config_reader {
	char *error; /* CONFIG_ERROR_MAX */
	const struct config_text *text;
	struct arena *arena;
	const char *folder;          /* of the configuration, absolute, ends in '/' */
	struct config_entry *checks; /* sorted by name */
	size_t check_count;
	bool has_programs;   /* one of the checks, or of the endpoints' own, is an exec check */
	const char *ca_file; /* the last one found valid */
	struct config_names *names; /* of all records so far */
	const char **hints;         /* the configuration's */
};

struct config_group {
	struct config_reader *reader;
	const struct tree *setting;
	const struct tree *values[OPTIONS]; /* NULL: not written */
};

/* `scope` is one SCOPE_. */
bool config_group_open(struct config_reader *reader, const struct tree *setting, unsigned scope,
                       struct config_group *group);

/* Reports an error at a setting, with its full path. `format`: "problem; cure". Always returns false. */
bool config_fail(const struct config_reader *reader, const struct tree *at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Reports a value that is not within `bounds`, given in words. Always returns false. */
bool config_fail_bounds(const struct config_reader *reader, const struct tree *at,
                        const char *bounds);

/* Reports a missing option that is required; `cure` shows how to write it. Always returns false. */
bool config_fail_missing(const struct config_group *group, enum option option, const char *cure);

/* The place of a setting; for NULL the configuration's file and line 0. Valid as long as the text. */
struct config_place config_value_place(const struct config_reader *reader,
                                       const struct tree *setting);

bool config_value_bool(const struct config_group *group, enum option option, bool *out);
bool config_value_integer(const struct config_group *group, enum option option, uint32_t *out);
/* Milliseconds. */
bool config_value_duration(const struct config_group *group, enum option option, uint32_t *out);
/* Sets `*out` to NULL if the option is absent and has no default. The arena owns the string. */
bool config_value_string(const struct config_group *group, enum option option, const char **out);
/* One of `words`, which end with NULL; `*out` is its index. Without a default it is required. */
bool config_value_word(const struct config_group *group, enum option option,
                       const char *const *words, int *out);
/* Absolute; a relative one starts at the configuration's folder. */
bool config_value_path(const struct config_group *group, enum option option, const char **out);
/* A host name, or with `ipv4` also an IPv4 address, without a final dot. NULL if absent. */
bool config_value_host(const struct config_group *group, enum option option, bool ipv4,
                       const char **out);
/* "address", "address:port" or "[address]:port". `port`: the default; 0: a port is required. */
bool config_value_socket_address(const char *text, uint16_t port, struct resolver_address *out);

/* The number of elements of a list or array, within the option's bounds; 0 if absent. */
bool config_value_list(const struct config_group *group, enum option option, size_t *count);
/* A list of host names, each checked. */
bool config_value_hosts(const struct config_group *group, enum option option,
                        const char *const **out, size_t *count);

/* The text of a string setting, owned by the tree. Fills the error and returns NULL for other types. */
const char *config_value_text(const struct config_reader *reader, const struct tree *setting);

#endif
