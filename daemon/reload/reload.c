#include "reload/reload.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "config/compare.h"
#include "config/load.h"
#include "event/event.h"
#include "fleet/fleet.h"
#include "monitor/monitor.h"
#include "notify/notify.h"
#include "probe/kind/exec.h"
#include "process/spawn.h"
#include "process/systemd.h"
#include "publish/publish.h"
#include "reset/reset.h"
#include "resolve/resolve.h"

#include "shunt/table.h"

#define EVENT_NAMES_MAX 5u /* names of each kind listed in an event */
#define EVENT_TEXT_MAX 1500u

const char *reload_noun(size_t records)
{
	return records == 1 ? "record" : "records";
}

/* Frees the configuration, with `error` filled, unless it fits the table. */
static struct config *check_size(struct config *config, char error[CONFIG_ERROR_MAX])
{
	size_t size = config ? publish_size(config) : 0;

	if (size <= SHUNT_TABLE_SIZE)
		return config;
	snprintf(error, CONFIG_ERROR_MAX,
	         "%s:%u: records: %zu records take %zu bytes, more than the table's %u; "
	         "split them over several daemons",
	         config->records_file, config->records_line, config->record_count, size,
	         SHUNT_TABLE_SIZE);
	config_free(config);
	return NULL;
}

struct config *reload_read(const char *file, char error[CONFIG_ERROR_MAX])
{
	return check_size(config_load(file, error), error);
}

/* --- the reload ------------------------------------------------------------------------------- */

static void keep_name(struct reload_result *result, struct reload_names *names, const char *name)
{
	if (names->count < RELOAD_NAMES_MAX)
		names->list[names->count] = arena_copy(result->arena, name, strlen(name));
	names->count++;
}

static void found(void *arg, const struct record_config *before, const struct record_config *after)
{
	struct reload_result *result = arg;

	if (!before)
		keep_name(result, &result->added, after->name);
	else if (!after)
		keep_name(result, &result->removed, before->name);
	else
		keep_name(result, &result->changed, after->name);
}

/* "; added a.example.com, b.example.com and 3 more" */
static void say_names(FILE *out, const char *what, const struct reload_names *names)
{
	size_t told = names->count < EVENT_NAMES_MAX ? names->count : EVENT_NAMES_MAX;

	for (size_t i = 0; i < told; i++)
		fprintf(out, "%s%s%s", i ? ", " : "; ", i ? "" : what, names->list[i]);
	if (told < names->count)
		fprintf(out, " and %zu more", names->count - told);
}

static void announce(const struct reload_result *result)
{
	char text[EVENT_TEXT_MAX] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	if (out) {
		fprintf(out, "%zu %s", result->records, reload_noun(result->records));
		say_names(out, "added ", &result->added);
		say_names(out, "changed ", &result->changed);
		say_names(out, "removed ", &result->removed);
		fclose(out);
		text[sizeof(text) - 1] = '\0';
	}
	event_emit(&(struct event_record){ .type = EVENT_RELOAD, .reason = text });
}

/* Takes ownership of the configuration. Returns false with the error filled. */
static bool replace(struct reload *reload, struct config *config, struct reload_result *result)
{
	const struct in_force *in_force = &reload->in_force;
	struct spawn_user user;

	if (!in_force_exec_user(in_force, config, &user, result->error)) {
		config_free(config);
		return false;
	}
	in_force_compare(in_force, config);
	config_compare(monitor_config(reload->monitor), config, found, result);
	result->records = config->record_count;
	fleet_configure(reload->fleet, config);
	if (!monitor_load(reload->monitor, config)) {
		fleet_configure(reload->fleet, monitor_config(reload->monitor));
		snprintf(result->error, sizeof(result->error), "no memory for a table: %s",
		         strerror(errno));
		config_free(config);
		return false;
	}
	probe_exec_set_user(reload->exec, &user);
	notify_configure(reload->notify, config->notify, in_force_notify_count(in_force, config),
	                 &user);
	reset_configure(reload->reset, in_force_reset_socket(in_force, config), config->has_resets);
	resolve_configure(reload->resolver, config->resolvers, config->resolver_count);
	malloc_trim(0);
	return true;
}

void reload_init(struct reload *reload, const struct cmdline *options, const struct config *config)
{
	*reload = (struct reload){ .history.last = time(NULL) };
	TAILQ_INIT(&reload->waiters);
	TAILQ_INIT(&reload->next);
	in_force_init(&reload->in_force, options, config);
	in_force_compare(&reload->in_force, config);
}

void reload_free(struct reload *reload)
{
	in_force_free(&reload->in_force);
}

static void note(struct reload_history *history, bool done)
{
	history->done += done;
	history->failed += !done;
	history->last = time(NULL);
	history->last_failed = !done;
}

static void tell(struct reload *reload, const struct reload_result *result)
{
	struct reload_waiter *waiter;

	while ((waiter = TAILQ_FIRST(&reload->waiters))) {
		reload_forget(reload, waiter);
		waiter->done(waiter, result);
	}
}

/* `config` is NULL if there is none, with the error filled. */
static void conclude(struct reload *reload, struct config *config, struct reload_result *result)
{
	bool done = config && replace(reload, config, result);

	note(&reload->history, done);
	systemd_status(reload->systemd, done ? RELOAD_ANSWERING
	                                     : RELOAD_ANSWERING
	                                        "; the last reload failed and changed nothing");
	systemd_ready(reload->systemd);
	if (done)
		announce(result);
	else
		log_error("%s (reload: nothing has changed)", result->error);
	tell(reload, result);
}

static void begin(struct reload *reload);

/* The parser has sent everything, or `why` not. */
static void parsed(struct reload *reload, const char *why)
{
	struct reload_result result = { .arena = arena_new() };
	const char *file = reload->in_force.file;
	struct config *config = config_load_parsed(&reload->parser, file, why, result.error);

	if (reload->parsing)
		event_free(reload->parsing);
	reload->parsing = NULL;
	conclude(reload, check_size(config, result.error), &result);
	arena_free(result.arena);
	reload->busy = false;
	if (reload->again)
		begin(reload);
}

static bool await(struct reload *reload)
{
	uint64_t now_ms = clock_ms(), left_ms;

	left_ms = reload->end_ms > now_ms ? reload->end_ms - now_ms : 1;
	return timer_try(reload->parsing, (uint32_t)left_ms);
}

static void on_parsing(evutil_socket_t fd, short what, void *arg)
{
	struct reload *reload = arg;

	(void)fd;
	if (what & EV_READ && !config_parse_read(&reload->parser))
		parsed(reload, NULL);
	else if (clock_ms() >= reload->end_ms)
		parsed(reload, CONFIG_PARSE_LATE);
	else if (!await(reload))
		parsed(reload, strerror(ENOMEM));
}

static void begin(struct reload *reload)
{
	reload->busy = true;
	reload->again = false;
	TAILQ_CONCAT(&reload->waiters, &reload->next, link);
	reload->end_ms = clock_ms() + CONFIG_PARSE_MS;
	systemd_reloading(reload->systemd);
	config_parse_start(&reload->parser, reload->in_force.file);
	if (reload->parser.fd >= 0)
		reload->parsing =
		        event_new(reload->base, reload->parser.fd, EV_READ, on_parsing, reload);
	if (!reload->parsing || !await(reload))
		parsed(reload, strerror(ENOMEM));
}

void reload_request(struct reload *reload, struct reload_waiter *waiter)
{
	if (waiter)
		TAILQ_INSERT_TAIL(&reload->next, waiter, link);
	if (waiter)
		waiter->waits = true;
	if (reload->busy)
		reload->again = true;
	else
		begin(reload);
}

void reload_forget(struct reload *reload, struct reload_waiter *waiter)
{
	struct reload_waiters *list = &reload->next;
	struct reload_waiter *one;

	if (!waiter->waits)
		return;
	TAILQ_FOREACH (one, &reload->waiters, link) {
		if (one == waiter)
			list = &reload->waiters;
	}
	TAILQ_REMOVE(list, waiter, link);
	waiter->waits = false;
}

void reload_stop(struct reload *reload)
{
	struct config_parsed unused;

	if (!reload->parsing)
		return;
	event_free(reload->parsing);
	reload->parsing = NULL;
	config_parse_end(&reload->parser, "the daemon stops", &unused);
	config_parsed_free(&unused);
}
