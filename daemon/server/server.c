/*
 * Order of start: sockets, state, privileges, then the parts that run in the loop, each after those
 * it depends on. stop() reverses that order.
 */
#include "server/server.h"

#include <errno.h>
#include <malloc.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <ares.h>
#include <event2/event.h>

#include "base/log.h"
#include "base/usage.h"
#include "config/config.h"
#include "config/error.h"
#include "connection/watch.h"
#include "control/control.h"
#include "door/door.h"
#include "fleet/fleet.h"
#include "monitor/monitor.h"
#include "monitor/operate.h"
#include "net/listener.h"
#include "notify/notify.h"
#include "probe/kind/connect.h"
#include "probe/kind/exec.h"
#include "probe/kind/http.h"
#include "probe/kind/tls.h"
#include "probe/probe.h"
#include "probe/schedule.h"
#include "probe/trust/trust.h"
#include "process/cmdline.h"
#include "process/environment.h"
#include "process/privileges.h"
#include "process/spawn.h"
#include "process/systemd.h"
#include "publish/clients.h"
#include "publish/reports.h"
#include "reload/reload.h"
#include "reset/reset.h"
#include "resolve/resolve.h"
#include "server/blame.h"
#include "server/restore.h"
#include "server/signals.h"
#include "server/sockets.h"
#include "server/starter.h"
#include "state/state.h"

#include "shunt/version.h"

/* Without any client, probe or connection: measured 33. Below that, one line says so. */
#define DESCRIPTORS_NEEDED 48

struct server {
	struct cmdline *options;
	struct reload reload;
	struct event_base *base;
	struct sockets sockets;
	int reserve; /* for clients_new(); -1 once that owns it */
	struct prober *prober;
	struct watcher *watches;
	struct trust *trust;
	struct probe_http *http;
	struct probe_kind tls;
	struct spawn_user exec_user;
	struct probe_exec *exec;
	struct notify *notify;
	struct resolver *resolver;
	struct door *door; /* NULL in a private daemon */
	struct state *state;
	struct reset *reset;
	struct fleet *fleet; /* NULL in a private daemon */
	struct monitor *monitor;
	struct clients *clients;
	struct reports *reports;
	struct control *control;
	struct control *control_tcp;
	struct systemd *systemd; /* NULL: there is no service manager, or it is not this daemon's */
	struct signals signals;
};

/* --- callbacks from the loop ------------------------------------------------------------------ */

static void on_reload(void *arg)
{
	struct server *server = arg;

	reload_request(&server->reload, NULL);
}

static void on_settled(void *arg)
{
	struct server *server = arg;

	systemd_status(server->systemd, RELOAD_ANSWERING);
	starter_ready(server->options);
}

/* --- start: before the loop ------------------------------------------------------------------- */

/*
 * A private daemon inherits these variables from the service that runs COMMAND; that service's
 * manager does not expect messages from this daemon.
 */
static struct systemd *take_notify_socket(const struct cmdline *options)
{
	struct systemd *systemd = systemd_new();

	if (!options->private_dir)
		return systemd;
	systemd_free(systemd);
	return NULL;
}

static bool refuse_user(const struct config *config, const char *error)
{
	blame_setting(config->user_file, config->user_line, "user", error);
	return false;
}

/*
 * Finds the user that the daemon will run as. `*user` is NULL if that is the user that started it.
 * Returns false if the user does not exist.
 */
static bool find_user(const struct in_force *in_force, const struct config *config,
                      const struct passwd **user)
{
	char error[CONFIG_ERROR_MAX];

	*user = in_force->user ? getpwnam(in_force->user) : NULL;
	if (*user || !in_force->user)
		return true;
	snprintf(error, sizeof(error), "there is no user \"%s\"; create it or remove the line",
	         in_force->user);
	return refuse_user(config, error);
}

/* Drops root's privileges permanently. */
static bool become(const struct passwd *user, const struct in_force *in_force,
                   const struct config *config)
{
	char error[CONFIG_ERROR_MAX];

	if (!user || privileges_are(user) || privileges_become(user))
		return true;
	snprintf(error, sizeof(error), "cannot become \"%s\": %s; start as root or remove the line",
	         in_force->user, strerror(errno));
	return refuse_user(config, error);
}

static bool choose_exec_user(struct server *server, const struct config *config)
{
	char error[CONFIG_ERROR_MAX];

	if (in_force_exec_user(&server->reload.in_force, config, &server->exec_user, error))
		return true;
	fprintf(stderr, "%s\n", error);
	return false;
}

/*
 * The steps that may need root, then dropping the privileges. On failure returns false, with one
 * line on standard error.
 */
static bool prepare(struct server *server, const struct config *config)
{
	const struct in_force *in_force = &server->reload.in_force;

	const struct passwd *user;

	server->reserve = clients_reserve();
	if (!find_user(in_force, config, &user) ||
	    !sockets_open(&server->sockets, in_force, config,
	                  user ? user->pw_gid : LISTENER_OWN_GROUP))
		return false;
	server->state = restore_open(in_force, config, user);
	return become(user, in_force, config) && choose_exec_user(server, config);
}

/* --- start: the parts that run in the loop ---------------------------------------------------- */

/*
 * Makes timers precise to the millisecond whatever the environment says (libevent's default clock
 * is as coarse as the kernel's tick).
 */
static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER |
	                                                    EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	return base;
}

/*
 * If a call fails the caller logs an error too; after an internal error libevent ends the process.
 */
static void log_libevent(int severity, const char *text)
{
	log_write(severity == EVENT_LOG_ERR ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, "libevent: %s",
	          text);
}

static struct metrics_sources make_sources(const struct server *server)
{
	return (struct metrics_sources){
		.monitor = server->monitor,
		.probes = prober_tally(server->prober),
		.clients = clients_counts(server->clients),
		.reports = reports_counts(server->reports),
		.watches = watcher_counts(server->watches),
		.reloads = &server->reload.history,
		.notify = server->notify,
		.door = server->door,
		.state = server->state ? state_counts(server->state) : NULL,
		.reset = server->reset,
		.started = server->reload.history.last,
	};
}

static bool start_control(struct server *server)
{
	const struct in_force *in_force = &server->reload.in_force;
	struct control_parts parts = { .base = server->base,
		                       .monitor = server->monitor,
		                       .reload = &server->reload,
		                       .in_force = in_force,
		                       .state = server->state,
		                       .metrics = make_sources(server),
		                       .fd = listener_fd(server->sockets.control),
		                       .is_private = in_force->is_private };

	server->control = control_new(&parts);
	parts.fd = server->sockets.http;
	parts.tcp = true;
	if (parts.fd >= 0)
		server->control_tcp = control_new(&parts);
	return server->control && (parts.fd < 0 || server->control_tcp);
}

/* Starts the probes, programs and resolver. */
static bool start_tools(struct server *server, const struct config *config, uint64_t descriptors)
{
	server->base = base_new();
	server->prober = server->base
	                         ? prober_new(server->base, probe_schedule_in_flight(descriptors))
	                         : NULL;
	server->watches =
	        server->base ? watcher_new(server->base, watcher_room(descriptors)) : NULL;
	server->trust = server->prober ? trust_new() : NULL;
	server->http = server->trust ? probe_http_new(server->base, prober_edges(server->prober),
	                                              server->trust)
	                             : NULL;
	if (server->http)
		probe_http_set_library(server->http, getenv("SHUNTD_LIBCURL") != NULL);
	server->tls = probe_tls_kind(server->trust);
	server->exec = server->http ? probe_exec_new(server->base, &server->exec_user) : NULL;
	server->notify = server->exec ? notify_new(server->base) : NULL;
	if (!server->notify)
		return false;
	notify_configure(server->notify, config->notify,
	                 in_force_notify_count(&server->reload.in_force, config),
	                 &server->exec_user);
	server->resolver = resolve_new(server->base, config->resolvers, config->resolver_count);
	server->reset = reset_new(server->base);
	reset_configure(server->reset, in_force_reset_socket(&server->reload.in_force, config),
	                config->has_resets);
	return server->resolver;
}

static void on_fleet(void *arg, const char *record)
{
	const struct server *server = arg;

	monitor_fleet_changed(server->monitor, record);
}

/* A private daemon decides alone: the host's own one is the fleet's. */
static void start_fleet(struct server *server, const struct config *config)
{
	if (server->reload.in_force.is_private)
		return;
	server->fleet = fleet_new(server->base, &(struct fleet_user){ on_fleet, server });
	fleet_configure(server->fleet, config);
}

/* Takes ownership of the configuration, unless it returns false. */
static bool start_monitor(struct server *server, struct config *config)
{
	struct saved *saved;

	if (!restore_read(server->state, &saved))
		return false;
	if (!server->reload.in_force.is_private)
		server->door = door_new(server->base);
	start_fleet(server, config);
	server->monitor = monitor_new(&(struct monitor_parts){
	        .base = server->base,
	        .prober = server->prober,
	        .resolver = server->resolver,
	        .watches = server->watches,
	        .kinds = { [CHECK_HTTP] = probe_http_kind(server->http),
	                   [CHECK_HTTPS] = probe_https_kind(server->http),
	                   [CHECK_TCP] = &probe_tcp,
	                   [CHECK_TLS] = &server->tls,
	                   [CHECK_EXEC] = probe_exec_kind(server->exec) },
	        .door = server->door,
	        .state = server->state,
	        .reset = server->reset,
	        .fleet = server->fleet,
	        .saved = saved,
	        .settled = on_settled,
	        .arg = server,
	});
	return monitor_load(server->monitor, config);
}

static void join_reload(struct server *server)
{
	server->reload.base = server->base;
	server->reload.monitor = server->monitor;
	server->reload.resolver = server->resolver;
	server->reload.exec = server->exec;
	server->reload.reset = server->reset;
	server->reload.fleet = server->fleet;
	server->reload.notify = server->notify;
	server->reload.systemd = server->systemd;
}

/* Starts each part after those it depends on. Takes ownership of the configuration. */
static bool start(struct server *server, struct config *config, uint64_t descriptors)
{
	event_set_log_callback(log_libevent);
	if (!start_tools(server, config, descriptors) || !start_monitor(server, config)) {
		config_free(config);
		return false;
	}
	join_reload(server);
	server->clients = clients_new(server->base, listener_fd(server->sockets.client),
	                              server->reserve, monitor_table, server->monitor);
	server->reserve = -1;
	server->reports = reports_new(
	        server->base, server->sockets.reports ? listener_fd(server->sockets.reports) : -1,
	        operate_report, server->monitor);
	if (server->state &&
	    !state_start(server->state, server->base, monitor_state, server->monitor))
		return false;
	return start_control(server) &&
	       signals_catch(&server->signals, server->base, server->options->owner_fd, on_reload,
	                     server) &&
	       systemd_watch(server->systemd, server->base);
}

/* --- stop ------------------------------------------------------------------------------------- */

/* Reverses the start; also works for a server that was only partly started. */
static void stop(struct server *server)
{
	signals_block();
	signals_free(&server->signals);
	if (server->control_tcp)
		control_free(server->control_tcp);
	if (server->control)
		control_free(server->control);
	reload_stop(&server->reload);
	reports_free(server->reports);
	clients_free(server->clients);
	if (server->state)
		state_free(server->state);
	if (server->monitor)
		monitor_free(server->monitor);
	fleet_free(server->fleet);
	door_free(server->door);
	reset_free(server->reset);
	if (server->resolver)
		resolve_free(server->resolver);
	notify_free(server->notify);
	probe_exec_free(server->exec);
	if (server->http)
		probe_http_free(server->http);
	trust_free(server->trust);
	watcher_free(server->watches);
	if (server->prober)
		prober_free(server->prober);
	systemd_free(server->systemd);
	if (server->base)
		event_base_free(server->base);
	if (server->reserve >= 0)
		close(server->reserve);
	sockets_close(&server->sockets);
	if (server->options->private_dir)
		rmdir(server->options->private_dir);
	reload_free(&server->reload);
	libevent_global_shutdown();
	ares_library_cleanup();
}

/* --- running the server ----------------------------------------------------------------------- */

/* Returns the exit status. */
static int cannot_start(int error)
{
	log_error("cannot start: %s%s", strerror(error), usage_limit_cure(error));
	return 1;
}

static int serve(struct server *server, struct config *config)
{
	const uint64_t descriptors = environment_raise_descriptors();
	const size_t records = config->record_count;

	environment_harden();
	if (descriptors < DESCRIPTORS_NEEDED) {
		config_free(config);
		return cannot_start(EMFILE);
	}
	if (!prepare(server, config)) {
		config_free(config);
		return 1;
	}
	privileges_forbid_dumps();
	systemd_status(server->systemd, "starting: waits for the first verdict of every check");
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		log_fatal("c-ares cannot start");
	if (!start(server, config, descriptors))
		return cannot_start(errno);
	/* The text of the configuration took several times the memory of the result. */
	malloc_trim(0);
	log_info("shuntd " SHUNT_VERSION " answers %zu %s on %s", records, reload_noun(records),
	         server->reload.in_force.socket);
	systemd_ready(server->systemd);
	event_base_dispatch(server->base);
	systemd_stopping(server->systemd);
	notify_finish(server->notify);
	log_info("ends");
	return 0;
}

int server_run(struct cmdline *options, struct config *config)
{
	struct server server = { .options = options, .sockets = SOCKETS_NONE, .reserve = -1 };
	int status;

	server.systemd = take_notify_socket(options);
	reload_init(&server.reload, options, config);
	status = serve(&server, config);
	if (status != 0)
		starter_failed(options);
	stop(&server);
	return status;
}
