/*
 * Reads the configuration again, for a signal or the control API, and says what has changed.
 *
 * A file is validated whole before anything changes. What only a start can change (in_force) keeps its value, and the log says so.
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

#define RELOAD_ANSWERING "answering" /* what the service manager shows */

/* Since the start, which counts as neither. */
struct reload_history {
	uint64_t done, failed;
	time_t last; /* wall clock; of either, or the start */
	bool last_failed;
};

struct reload {
	struct in_force in_force;
	struct reload_history history;
	/* Filled by the server before the first reload. */
	struct monitor *monitor;
	struct resolver *resolver;
	struct probe_exec *exec;
	struct notify *notify;
	struct systemd *systemd; /* NULL: there is no service manager to notify of reloads */
};

#define RELOAD_NAMES_MAX 100u /* of each kind; the rest is only counted */

struct reload_names {
	const char *list[RELOAD_NAMES_MAX];
	size_t count; /* of all */
};

struct reload_result {
	char error[CONFIG_ERROR_MAX]; /* "": the configuration is in force */
	size_t records;
	struct reload_names added, changed, removed;
	struct arena *arena; /* the names' */
};

/* "record", or "records" where it is not one. */
const char *reload_noun(size_t records);

/* NULL, with `error` filled, unless the file is good and fits the table. */
struct config *reload_read(const char *file, char error[CONFIG_ERROR_MAX]);

/* At the start, once, with the configuration that the daemon starts with. Logs settings that have no effect. */
void reload_init(struct reload *reload, const struct cmdline *options, const struct config *config);
void reload_free(struct reload *reload);

/* Also logs it. `result` is always filled; reload_result_free() it. True when the configuration is in force. */
bool reload_run(struct reload *reload, struct reload_result *result);
void reload_result_free(struct reload_result *result);

#endif
