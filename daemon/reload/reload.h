/*
 * The configuration as it is read again: by a signal or by the control API, with what came of it.
 *
 * A file is validated whole before anything changes. What only a start can change keeps its value, and the log says so.
 */
#ifndef SHUNT_RELOAD_RELOAD_H
#define SHUNT_RELOAD_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "config/error.h"

struct arena;
struct cmdline;
struct monitor;
struct notify;
struct probe_exec;
struct resolver;
struct spawn_user;
struct systemd;

#define RELOAD_ANSWERING "answering" /* what the service manager shows */

/* Since the start, which counts as neither. */
struct reload_history {
	uint64_t done, failed;
	time_t last; /* wall clock; of either, or the start */
	bool last_failed;
};

struct reload {
	const struct cmdline *options;
	struct reload_history history;
	/* In force: what a start decides. */
	char *socket_path;
	char *control_path;
	char *http_setting; /* NULL: none */
	char *user_setting;
	char *state_setting; /* NULL in a private daemon, which keeps no state */
	struct monitor *monitor;
	struct resolver *resolver;
	struct probe_exec *exec;
	struct notify *notify;
	struct systemd *systemd; /* told of each reload; NULL: nobody */
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

/* The paths of a start, once. */
void reload_init(struct reload *reload, const struct cmdline *options, const struct config *config);
void reload_free(struct reload *reload);

/* At a start, and at each reload: gives the configuration the values that are in force. */
void reload_keep(const struct reload *reload, struct config *config);

/* Whom this process runs programs as, if it has any to run. False with `error` filled. */
bool reload_exec_user(const struct reload *reload, const struct config *config,
                      struct spawn_user *user, char error[CONFIG_ERROR_MAX]);

/* The log has it too. `result` is filled whatever happens; reload_result_free() it. True when the configuration is in force. */
bool reload_run(struct reload *reload, struct reload_result *result);
void reload_result_free(struct reload_result *result);

#endif
