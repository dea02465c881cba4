/*
 * Typed readers: a group and an option in, a value within the option's bounds out.
 *
 * config_group_open() sorts a group's settings into the options of its scope and refuses any other; then each reader takes its
 * option: what is written, checked, or the default of its row. A reader that returns false has filled the error.
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

/* A check of `checks`. What it names of the others is looked up when all have been read. */
struct config_entry {
	struct check *check;
	const struct tree *setting;
	enum { ENTRY_READ, ENTRY_UNDER_WAY, ENTRY_COMPLETE } state;
	unsigned height; /* calculated checks from here down to the deepest one that is none */
	unsigned
	        leaves; /* those that are none, by every way to them: so much work it is to visit them */
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
	const char *ca_file; /* the last one that was found good */
	struct config_names *names; /* of all records so far */
};

struct config_group {
	struct config_reader *reader;
	const struct tree *setting;
	const struct tree *values[OPTIONS]; /* NULL: not written */
};

/* `scope` is one SCOPE_. */
bool config_group_open(struct config_reader *reader, const struct tree *setting, unsigned scope,
                       struct config_group *group);

/* An error at a setting, named by its whole path. `format` is "what is wrong; the cure". Always false. */
bool config_fail(const struct config_reader *reader, const struct tree *at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* A required option is not there; `cure` shows how it is written. Always false. */
/* The value is not within `bounds`, which are words. */
bool config_fail_bounds(const struct config_reader *reader, const struct tree *at,
                        const char *bounds);

bool config_fail_missing(const struct config_group *group, enum option option, const char *cure);

/* Where a setting stands; the file and line 0 of the configuration for NULL. The file lives as long as the text. */
struct config_place config_value_place(const struct config_reader *reader,
                                       const struct tree *setting);

bool config_value_bool(const struct config_group *group, enum option option, bool *out);
bool config_value_integer(const struct config_group *group, enum option option, uint32_t *out);
/* Milliseconds. */
bool config_value_duration(const struct config_group *group, enum option option, uint32_t *out);
/* NULL when it is not written and has no default. The text is the arena's. */
bool config_value_string(const struct config_group *group, enum option option, const char **out);
/* One of `words`, which end with NULL; `*out` is its index. Without a default it is required. */
bool config_value_word(const struct config_group *group, enum option option,
                       const char *const *words, int *out);
/* Absolute; a relative one starts at the configuration's folder. */
bool config_value_path(const struct config_group *group, enum option option, const char **out);
/* A host name, or an IPv4 address where `ipv4` says so, without a final dot. NULL when it is not written. */
bool config_value_host(const struct config_group *group, enum option option, bool ipv4,
                       const char **out);
/* "address", "address:port" or "[address]:port"; without a port it is `port`, or an error where that is 0. */
bool config_value_socket_address(const char *text, uint16_t port, struct resolver_address *out);

/* The elements of a list or array, within the option's bounds; 0 when it is not written. */
bool config_value_list(const struct config_group *group, enum option option, size_t *count);
/* A list of host names, each checked. */
bool config_value_hosts(const struct config_group *group, enum option option,
                        const char *const **out, size_t *count);

/* The text of a string setting; NULL, with the error filled, for another type. It is the tree's. */
const char *config_value_text(const struct config_reader *reader, const struct tree *setting);

#endif
