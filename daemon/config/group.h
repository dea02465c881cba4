/*
 * A group of settings that is being read, and the errors at its settings.
 *
 * config_group_open() assigns a group's settings to the options of its scope and rejects any other.
 */
#ifndef SHUNT_CONFIG_GROUP_H
#define SHUNT_CONFIG_GROUP_H

#include <stdbool.h>
#include <stddef.h>

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
	struct config_names *names;         /* of all records so far */
	const char **hints;                 /* the configuration's */
	const struct fleet_config *fleet;   /* NULL: there is none */
	enum etcd_lost_option on_etcd_lost; /* the fleet's */
};

struct config_group {
	struct config_reader *reader;
	const struct tree *setting;
	const struct tree *values[OPTIONS]; /* NULL: not written */
};

/* `scope` is one SCOPE_. */
bool config_group_open(struct config_reader *reader, const struct tree *setting, unsigned scope,
                       struct config_group *group);

/*
 * Reports an error at a setting, with its full path. `format`: "problem; cure". Always returns
 * false.
 */
bool config_fail(const struct config_reader *reader, const struct tree *at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Reports a value that is not within `bounds`, given in words. Always returns false. */
bool config_fail_bounds(const struct config_reader *reader, const struct tree *at,
                        const char *bounds);

/* Reports a missing option that is required; `cure` shows how to write it. Always returns false. */
bool config_fail_missing(const struct config_group *group, enum option option, const char *cure);

/*
 * The place of a setting; for NULL the configuration's file and line 0. Valid as long as the text.
 */
struct config_place config_group_place(const struct config_reader *reader,
                                       const struct tree *setting);

#endif
