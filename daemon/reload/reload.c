#include "reload/reload.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/compare.h"
#include "config/load.h"
#include "event/event.h"
#include "monitor/monitor.h"
#include "notify/notify.h"
#include "probe/exec.h"
#include "process/cmdline.h"
#include "process/systemd.h"
#include "process/user.h"
#include "publish/publish.h"
#include "resolve/resolve.h"

#include "shunt/table.h"

#define EVENT_NAMES_MAX 5u /* of each kind */
#define EVENT_TEXT_MAX 1500u

const char *reload_noun(size_t records)
{
	return records == 1 ? "record" : "records";
}

struct config *reload_read(const char *file, char error[CONFIG_ERROR_MAX])
{
	struct config *config = config_load(file, error);
	size_t size;

	if (!config)
		return NULL;
	size = publish_size(config);
	if (size > SHUNT_TABLE_SIZE) {
		snprintf(error, CONFIG_ERROR_MAX,
		         "%s:%u: records: %zu records take %zu bytes, more than the table's %u; "
		         "split them over several daemons",
		         config->records_file, config->records_line, config->record_count, size,
		         SHUNT_TABLE_SIZE);
		config_free(config);
		return NULL;
	}
	return config;
}

/* --- what a start decides ---------------------------------------------------------------------- */

void reload_init(struct reload *reload, const struct cmdline *options, const struct config *config)
{
	const char *dir = options->private_dir;

	*reload = (struct reload){ .options = options, .history.last = time(NULL) };
	if (!dir) {
		reload->socket_path = xstrdup(config->socket);
		reload->control_path = xstrdup(config->control);
		reload->http_setting = config->http ? xstrdup(config->http) : NULL;
		reload->user_setting = config->user ? xstrdup(config->user) : NULL;
		reload->state_setting = xstrdup(config->state_dir);
	} else if (asprintf(&reload->socket_path, "%s/shunt.sock", dir) < 0 ||
	           asprintf(&reload->control_path, "%s/control.sock", dir) < 0) {
		fatal("out of memory");
	}
}

void reload_free(struct reload *reload)
{
	free(reload->socket_path);
	free(reload->control_path);
	free(reload->http_setting);
	free(reload->user_setting);
	free(reload->state_setting);
}

static bool differ(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) != 0 : a != b;
}

static void say_what_waits(const struct reload *reload, const struct config *config)
{
	const struct {
		const char *name, *now, *then;
	} settings[] = { { "socket", reload->socket_path, config->socket },
		         { "control", reload->control_path, config->control },
		         { "http", reload->http_setting, config->http },
		         { "user", reload->user_setting, config->user },
		         { "state_dir", reload->state_setting, config->state_dir } };

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (differ(settings[i].now, settings[i].then))
			log_warning("%s: %s: the change takes effect at the next start",
			            config->path, settings[i].name);
	}
}

/* A private daemon's events are a rehearsal's. */
static void tell_nobody(struct config *config)
{
	if (config->notify_count)
		log_info("%s: notify: a private daemon tells nobody", config->path);
	config->notify_count = 0;
}

/*
 * In a private directory the sockets are ours and there is no listener, state, user or program to tell: what the file says is
 * ignored.
 */
void reload_keep(const struct reload *reload, struct config *config)
{
	if (reload->options->private_dir)
		tell_nobody(config);
	else
		say_what_waits(reload, config);
	config->socket = reload->socket_path;
	config->control = reload->control_path;
	config->http = reload->http_setting;
	config->user = reload->user_setting;
	config->state_dir = reload->state_setting;
}

/* --- whom programs run as ---------------------------------------------------------------------- */

bool reload_exec_user(const struct reload *reload, const struct config *config,
                      struct spawn_user *user, char error[CONFIG_ERROR_MAX])
{
	bool tells = config->notify_count && !reload->options->private_dir;
	char why[SPAWN_USER_ERROR_MAX], line[16] = "";

	*user = (struct spawn_user){ .change = false };
	if ((!config->has_programs && !tells) ||
	    spawn_user_choose(config->exec_user, geteuid(), user, why))
		return true;
	if (config->exec_user_line)
		snprintf(line, sizeof(line), ":%u", config->exec_user_line);
	snprintf(error, CONFIG_ERROR_MAX, "%s%s: exec_user: %s", config->exec_user_file, line, why);
	return false;
}

/* --- the reload -------------------------------------------------------------------------------- */

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

/* False with the error filled. */
static bool replace(struct reload *reload, struct reload_result *result)
{
	struct config *config = reload_read(reload->options->file, result->error);
	struct spawn_user user;

	if (!config)
		return false;
	if (!reload_exec_user(reload, config, &user, result->error)) {
		config_free(config);
		return false;
	}
	reload_keep(reload, config);
	config_compare(monitor_config(reload->monitor), config, found, result);
	result->records = config->record_count;
	if (!monitor_load(reload->monitor, config)) {
		snprintf(result->error, sizeof(result->error), "no memory for a table: %s",
		         strerror(errno));
		config_free(config);
		return false;
	}
	probe_exec_set_user(reload->exec, &user);
	notify_configure(reload->notify, config->notify, config->notify_count, &user);
	resolve_configure(reload->resolver, config->resolvers, config->resolver_count);
	malloc_trim(0);
	return true;
}

static void note(struct reload_history *history, bool done)
{
	history->done += done;
	history->failed += !done;
	history->last = time(NULL);
	history->last_failed = !done;
}

bool reload_run(struct reload *reload, struct reload_result *result)
{
	bool done;

	*result = (struct reload_result){ .arena = arena_new() };
	systemd_reloading(reload->systemd);
	done = replace(reload, result);
	note(&reload->history, done);
	systemd_status(reload->systemd, done ? RELOAD_ANSWERING
	                                     : RELOAD_ANSWERING
	                                        "; the last reload failed and changed nothing");
	systemd_ready(reload->systemd);
	if (done)
		announce(result);
	else
		log_error("%s (reload: nothing has changed)", result->error);
	return done;
}

void reload_result_free(struct reload_result *result)
{
	arena_free(result->arena);
}
