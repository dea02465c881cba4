#include "report/metrics_daemon.h"

#include "base/usage.h"
#include "connection/watch.h"
#include "door/door.h"
#include "event/event.h"
#include "fleet/fleet.h"
#include "monitor/monitor.h"
#include "notify/notify.h"
#include "probe/tally.h"
#include "publish/clients.h"
#include "publish/reports.h"
#include "reload/reload.h"
#include "report/metrics_text.h"
#include "reset/reset.h"
#include "state/state.h"

#include "shunt/table.h"
#include "shunt/version.h"

static void labelled(FILE *out, const char *metric, const char *label, const char *value,
                     double number)
{
	const struct metrics_label labels[] = { { label, value }, { NULL, NULL } };

	metrics_text_line(out, metric, labels, number);
}

static void version_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	(void)sources;
	labelled(out, metric, "version", SHUNT_VERSION, 1);
}

/* --- metrics of one line ---------------------------------------------------------------------- */

static double start_time(const struct metrics_sources *sources)
{
	return (double)sources->started;
}

static double cpu_time(const struct metrics_sources *sources)
{
	(void)sources;
	return usage_cpu_seconds();
}

static double memory(const struct metrics_sources *sources)
{
	(void)sources;
	return usage_resident_bytes();
}

static double is_settled(const struct metrics_sources *sources)
{
	return monitor_is_settled(sources->monitor);
}

static double is_isolated(const struct metrics_sources *sources)
{
	return monitor_is_isolated(sources->monitor);
}

static double records(const struct metrics_sources *sources)
{
	return (double)monitor_record_count(sources->monitor);
}

static double overrides(const struct metrics_sources *sources)
{
	return (double)monitor_override_count(sources->monitor);
}

static double table_version(const struct metrics_sources *sources)
{
	(void)sources;
	return SHUNT_TABLE_VERSION;
}

static double supersessions(const struct metrics_sources *sources)
{
	const uint64_t tables = monitor_generation(sources->monitor);

	return tables ? (double)(tables - 1) : 0;
}

static double reload_time(const struct metrics_sources *sources)
{
	return (double)sources->reloads->last;
}

static double is_reload_good(const struct metrics_sources *sources)
{
	return !sources->reloads->last_failed;
}

static double attaches(const struct metrics_sources *sources)
{
	return (double)sources->clients->attaches;
}

static double write_failures(const struct metrics_sources *sources)
{
	return sources->state ? (double)sources->state->write_failures : 0;
}

/* --- the daemon's activity -------------------------------------------------------------------- */

static void reload_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	labelled(out, metric, "result", "success", (double)sources->reloads->done);
	labelled(out, metric, "result", "failure", (double)sources->reloads->failed);
}

static void event_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	(void)sources;
	for (enum event_type type = 0; type < EVENT_TYPES; type++)
		labelled(out, metric, "type", event_word(type), (double)event_count(type));
}

/* --- notify programs -------------------------------------------------------------------------- */

static struct notify_counts told(const struct metrics_sources *sources)
{
	struct notify_counts counts;

	notify_count(sources->notify, &counts);
	return counts;
}

static void notify_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	const struct notify_counts counts = told(sources);

	labelled(out, metric, "result", "delivered", (double)counts.delivered);
	labelled(out, metric, "result", "failed", (double)counts.failed);
	labelled(out, metric, "result", "timeout", (double)counts.timed_out);
	labelled(out, metric, "result", "dropped", (double)counts.dropped);
}

static double notify_waiting(const struct metrics_sources *sources)
{
	return (double)told(sources).waiting;
}

static double notify_running(const struct metrics_sources *sources)
{
	return (double)told(sources).running;
}

/* --- open connections ------------------------------------------------------------------------- */

static double connections_reset(const struct metrics_sources *sources)
{
	return (double)reset_sums(sources->reset).reset;
}

static void reset_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	const struct orders_counts sums = reset_sums(sources->reset);

	labelled(out, metric, "result", "success", (double)sums.done);
	labelled(out, metric, "result", "failure", (double)sums.failed);
}

static double is_reset_ready(const struct metrics_sources *sources)
{
	return !reset_is_wanted(sources->reset) || reset_is_ready(sources->reset);
}

/* --- clients ---------------------------------------------------------------------------------- */

static void client_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	static const char *const words[CLIENTS_STAGES] = { [CLIENTS_NEW] = "new",
		                                           [CLIENTS_WAITING] = "waiting",
		                                           [CLIENTS_SENDING] = "sending",
		                                           [CLIENTS_HELD] = "attached" };

	for (unsigned i = 0; i < CLIENTS_STAGES; i++)
		labelled(out, metric, "state", words[i], sources->clients->stages[i]);
}

static void refusal_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	static const char *const words[CLIENTS_REFUSALS] = { [CLIENTS_CROWD] = "crowd",
		                                             [CLIENTS_RUBBISH] = "rubbish",
		                                             [CLIENTS_SILENCE] = "silence",
		                                             [CLIENTS_VERSION] = "version",
		                                             [CLIENTS_UNSENT] = "unsent" };

	for (unsigned i = 0; i < CLIENTS_REFUSALS; i++)
		labelled(out, metric, "reason", words[i], (double)sources->clients->refusals[i]);
}

static void report_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	labelled(out, metric, "result", "probed", (double)sources->reports->probed);
	labelled(out, metric, "result", "ignored", (double)sources->reports->ignored);
	labelled(out, metric, "result", "limited", (double)sources->reports->limited);
	labelled(out, metric, "result", "invalid", (double)sources->reports->invalid);
}

/* --- doors ------------------------------------------------------------------------------------ */

static void door_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	for (size_t i = 0; i < door_count(sources->door); i++) {
		struct door_view door;

		door_read(sources->door, i, &door);
		labelled(out, metric, "cgroup", door.cgroup, door.state == DOOR_ATTACHED);
	}
}

static void rewritten_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	for (size_t i = 0; i < door_count(sources->door); i++) {
		struct door_view door;

		door_read(sources->door, i, &door);
		labelled(out, metric, "cgroup", door.cgroup, (double)door.rewritten);
	}
}

static double entries(const struct metrics_sources *sources)
{
	return (double)door_entries(sources->door);
}

/* --- probes ----------------------------------------------------------------------------------- */

static void result_lines(FILE *out, const char *metric, const struct metrics_sources *sources,
                         enum check_type type)
{
	for (enum probe_why why = 0; why < WHYS; why++) {
		const struct metrics_label labels[] = { { "type", check_type_words[type] },
			                                { "result", probe_why_word(why) },
			                                { NULL, NULL } };

		metrics_text_line(out, metric, labels, (double)sources->probes->ended[type][why]);
	}
}

static void duration_lines(FILE *out, const char *metric, const struct metrics_sources *sources,
                           enum check_type type)
{
	const struct metrics_label label = { "type", check_type_words[type] };

	metrics_text_histogram(out, metric, &label, &sources->probes->took[type]);
}

static void lag_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	struct histogram late = sources->probes->late;

	histogram_add(&late, monitor_lateness(sources->monitor));
	metrics_text_histogram(out, metric, NULL, &late);
}

/* --- connections that are watched --------------------------------------------------------------- */

static void watch_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	for (enum watching_phase phase = 0; phase < WATCHING_PHASES; phase++)
		labelled(out, metric, "state", watching_word(phase),
		         sources->watches->phases[phase]);
}

static void watch_end_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	labelled(out, metric, "cause", "unexpected", (double)sources->watches->unexpected);
	labelled(out, metric, "cause", "expected", (double)sources->watches->expected);
	labelled(out, metric, "cause", "host", (double)sources->watches->own);
}

/* --- the fleet: no lines without one ---------------------------------------------------------- */

static void fleet_line(FILE *out, const char *metric, const struct metrics_sources *sources,
                       double value)
{
	struct fleet_link link;

	fleet_link(monitor_fleet(sources->monitor), &link);
	if (link.state != FLEET_OFF)
		metrics_text_line(out, metric, NULL, value);
}

static struct fleet_counts fleet_counted(const struct metrics_sources *sources)
{
	struct fleet_counts counts;

	fleet_counts(monitor_fleet(sources->monitor), &counts);
	return counts;
}

static void fleet_up_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	struct fleet_link link;

	fleet_link(monitor_fleet(sources->monitor), &link);
	fleet_line(out, metric, sources, link.state == FLEET_SYNCED);
}

static void fleet_taken_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	struct fleet_link link;

	fleet_link(monitor_fleet(sources->monitor), &link);
	fleet_line(out, metric, sources, link.name_taken);
}

static void fleet_host_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	fleet_line(out, metric, sources, (double)fleet_host_count(monitor_fleet(sources->monitor)));
}

static void fleet_write_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	fleet_line(out, metric, sources, (double)fleet_counted(sources).writes);
}

static void fleet_resync_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	fleet_line(out, metric, sources, (double)fleet_counted(sources).resyncs);
}

static void fleet_error_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	fleet_line(out, metric, sources, (double)fleet_counted(sources).errors);
}

static void fleet_malformed_lines(FILE *out, const char *metric,
                                  const struct metrics_sources *sources)
{
	fleet_line(out, metric, sources, (double)fleet_counted(sources).malformed);
}

/* --- the table -------------------------------------------------------------------------------- */

const struct metrics_daemon metrics_daemon[] = {
	{ "shunt_build_info", "gauge", "1, with the version of shuntd as label.",
	  .lines = version_lines },
	{ "process_start_time_seconds", "gauge", "When shuntd was started.", .value = start_time },
	{ "process_cpu_seconds_total", "counter", "User and system time of shuntd.",
	  .value = cpu_time },
	{ "process_resident_memory_bytes", "gauge", "Memory of shuntd that is in use.",
	  .value = memory },
	{ "shunt_settled", "gauge", "Whether every check has a verdict, or has used up its time.",
	  .value = is_settled },
	{ "shunt_isolated", "gauge",
	  "Whether nothing beyond this host answers, so that all answers hold.",
	  .value = is_isolated },
	{ "shunt_records", "gauge", "Records of the configuration in force.", .value = records },
	{ "shunt_overrides", "gauge", "Records whose endpoint an operator forces.",
	  .value = overrides },
	{ "shunt_last_reload_success", "gauge",
	  "Whether the last reload, or the start, took the configuration over.",
	  .value = is_reload_good },
	{ "shunt_last_reload_timestamp_seconds", "gauge",
	  "When the configuration was last read, at a reload or at the start.",
	  .value = reload_time },
	{ "shunt_reloads_total", "counter", "Reloads, by what came of them.",
	  .lines = reload_lines },
	{ "shunt_table_version", "gauge", "The version of the table that clients are given.",
	  .value = table_version },
	{ "shunt_table_supersessions_total", "counter",
	  "How often a new table took the place of another.", .value = supersessions },
	{ "shunt_clients", "gauge", "Connections on the client socket, by state.",
	  .lines = client_lines },
	{ "shunt_attaches_total", "counter", "Clients that were given the table.",
	  .value = attaches },
	{ "shunt_attach_refusals_total", "counter",
	  "Clients that were not given the table, by reason.", .lines = refusal_lines },
	{ "shunt_door_attached", "gauge", "Whether the door of a cgroup is attached.",
	  .lines = door_lines },
	{ "shunt_door_rewritten_total", "counter",
	  "Connects that a door led to another address, by cgroup.", .lines = rewritten_lines },
	{ "shunt_door_entries", "gauge", "Addresses and ports that doors lead elsewhere.",
	  .value = entries },
	{ "shunt_reports_total", "counter",
	  "Failed connections that clients reported, by what came of the report.",
	  .lines = report_lines },
	{ "shunt_probes_total", "counter", "Probes that ended, by type of check and by result.",
	  .of_type = result_lines },
	{ "shunt_probe_duration_seconds", "histogram",
	  "How long probes took that came to a verdict, by type of check.",
	  .of_type = duration_lines },
	{ "shunt_watched_connections", "gauge",
	  "Targets whose connection is watched, by its state.", .lines = watch_lines },
	{ "shunt_watched_ends_total", "counter",
	  "Watched connections that ended: unexpected ones start a burst of probes, expected ones "
	  "one.",
	  .lines = watch_end_lines },
	{ "shunt_loop_lag_seconds", "histogram",
	  "How late the loop was: every 500 ms, and every 25 ms while probes are under way.",
	  .lines = lag_lines },
	{ "shunt_events_total", "counter", "Events, by type.", .lines = event_lines },
	{ "shunt_notify_total", "counter", "Events for programs of notify, by what came of them.",
	  .lines = notify_lines },
	{ "shunt_notify_waiting", "gauge", "Events that wait for a program of notify.",
	  .value = notify_waiting },
	{ "shunt_notify_running", "gauge", "Programs of notify that run.",
	  .value = notify_running },
	{ "shunt_connections_reset_total", "counter",
	  "Open connections that were reset, since their endpoint was lost or left.",
	  .value = connections_reset },
	{ "shunt_resets_total", "counter",
	  "Endpoints whose open connections were to be reset, by what came of it.",
	  .lines = reset_lines },
	{ "shunt_reset_ready", "gauge", "Whether shunt-reset is there, or no record needs it.",
	  .value = is_reset_ready },
	{ "shunt_fleet_etcd_up", "gauge", "Whether this host knows the votes of its fleet.",
	  .lines = fleet_up_lines },
	{ "shunt_fleet_name_taken", "gauge",
	  "Whether another host of the fleet has this one's name, so that this one has no vote.",
	  .lines = fleet_taken_lines },
	{ "shunt_fleet_hosts", "gauge", "Live hosts of the fleet, as far as this one knows.",
	  .lines = fleet_host_lines },
	{ "shunt_fleet_writes_total", "counter", "Writes of this host's votes.",
	  .lines = fleet_write_lines },
	{ "shunt_fleet_resyncs_total", "counter", "How often all votes were read from etcd.",
	  .lines = fleet_resync_lines },
	{ "shunt_fleet_errors_total", "counter", "Attempts on a member of etcd that failed.",
	  .lines = fleet_error_lines },
	{ "shunt_fleet_malformed_total", "counter",
	  "Values in etcd that were ignored, since they are not what a host writes.",
	  .lines = fleet_malformed_lines },
	{ "shunt_state_write_failures_total", "counter",
	  "Writes of what must survive a restart that failed.", .value = write_failures },
	{ .name = NULL },
};
