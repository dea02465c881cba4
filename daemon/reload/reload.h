/*
 * Reloads the configuration, on a signal or through the control API, and reports the changes.
 *
 * The files are parsed by a child process (config/parse), whose end is an event: probes and answers go
 * on meanwhile. What is requested while one reload runs is one more, after it, since the file may have
 * changed in between.
 *
 * The whole file is validated before anything changes. Settings that can only change at a restart
 * (in_force) keep their values, and this is logged.
 */
#ifndef SHUNT_RELOAD_RELOAD_H
#define SHUNT_RELOAD_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "config/config.h"
#include "config/error.h"
#include "config/parse.h"
#include "reload/in_force.h"

struct arena;
struct cmdline;
struct event;
struct event_base;
struct monitor;
struct notify;
struct probe_exec;
struct fleet;
struct reset;
struct resolver;
struct systemd;

#define RELOAD_ANSWERING "answering" /* the status shown by the service manager */

/* Counted since the start, which is not itself counted. */
struct reload_history {
	uint64_t done, failed;
	time_t last; /* wall clock; the last reload, successful or not, or the start */
	bool last_failed;
};

struct reload_result;

/* A caller that waits for the result of a reload. */
struct reload_waiter {
	/* `result` is valid during the call. */
	void (*done)(struct reload_waiter *waiter, const struct reload_result *result);
	TAILQ_ENTRY(reload_waiter) link;
	bool waits;
};

TAILQ_HEAD(reload_waiters, reload_waiter);

struct reload {
	struct in_force in_force;
	struct reload_history history;
	/* Set by the server before the first reload. */
	struct event_base *base;
	struct monitor *monitor;
	struct resolver *resolver;
	struct probe_exec *exec;
	struct notify *notify;
	struct reset *reset;
	struct fleet *fleet;     /* NULL: there is none */
	struct systemd *systemd; /* NULL: there is no service manager to notify of reloads */

	struct config_parser parser;
	struct event *parsing;               /* NULL: no parser is waited for */
	bool busy;                           /* until those who wait have been told */
	uint64_t end_ms;                     /* CLOCK_MONOTONIC; the parser's time limit */
	bool again;                          /* another one was requested meanwhile */
	struct reload_waiters waiters, next; /* of the one under way, and of the other one */
};

#define RELOAD_NAMES_MAX 100u /* names of each kind that are listed; the others are only counted */

struct reload_names {
	const char *list[RELOAD_NAMES_MAX];
	size_t count; /* all names, including those not listed */
};

struct reload_result {
	char error[CONFIG_ERROR_MAX]; /* "": the new configuration is in force */
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
/* Ends one that is under way. All waiters must have been forgotten. */
void reload_stop(struct reload *reload);
void reload_free(struct reload *reload);

/*
 * Begins a reload, now or after the one under way; its result is logged. `waiter`: gets the result,
 * possibly before this function returns; NULL: no caller waits.
 */
void reload_request(struct reload *reload, struct reload_waiter *waiter);
/* The waiter no longer waits, if it did. */
void reload_forget(struct reload *reload, struct reload_waiter *waiter);

#endif
