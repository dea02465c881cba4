/*
 * Reloads the configuration, on a signal or through the control API, and reports the changes.
 *
 * The whole file is validated before anything changes. Settings that can only change at a restart
 * (in_force) keep their values, and this is logged.
 */
#ifndef SHUNT_RELOAD_RELOAD_H
#define SHUNT_RELOAD_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "config/error.h"
#include "reload/in_force.h"

struct arena;
struct cmdline;
struct monitor;
struct notify;
struct probe_exec;
struct resolver;
struct systemd;

#define RELOAD_ANSWERING "answering" /* the status shown by the service manager */

/* Counted since the start, which is not itself counted. */
struct reload_history {
	uint64_t done, failed;
	time_t last; /* wall clock; the last reload, successful or not, or the start */
	bool last_failed;
};

struct reload {
	struct in_force in_force;
	struct reload_history history;
	/* Set by the server before the first reload. */
	struct monitor *monitor;
	struct resolver *resolver;
	struct probe_exec *exec;
	struct notify *notify;
	struct systemd *systemd; /* NULL: there is no service manager to notify of reloads */
};

#define RELOAD_NAMES_MAX 100u /* names of each kind that are listed; the others are only counted */

struct reload_names {
	const char *list[RELOAD_NAMES_MAX];
	size_t count; /* all names, including those not listed */
};

struct reload_result {
	char error[CONFIG_ERROR_MAX]; /* "": the configuration is in force */
	size_t records;
	struct reload_names added, changed, removed;
	struct arena *arena; /* holds the names */
};

/* Returns "record" for 1, otherwise "records". */
const char *reload_noun(size_t records);

/* Returns NULL, with `error` filled, unless the file is valid and fits the table. */
struct config *reload_read(const char *file, char error[CONFIG_ERROR_MAX]);

/* Called once at the start, with the initial configuration. Logs settings that have no effect. */
void reload_init(struct reload *reload, const struct cmdline *options, const struct config *config);
void reload_free(struct reload *reload);

/*
 * Also logs the result. `result` is always filled, and must be freed with reload_result_free().
 * Returns true if the new configuration is in force.
 */
bool reload_run(struct reload *reload, struct reload_result *result);
void reload_result_free(struct reload_result *result);

#endif
