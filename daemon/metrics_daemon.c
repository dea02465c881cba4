#include "metrics_daemon.h"

#include "clients.h"
#include "event.h"
#include "metrics_text.h"
#include "monitor.h"
#include "probe_tally.h"
#include "reload.h"
#include "state.h"
#include "usage.h"

#include "shunt/table.h"
#include "shunt/version.h"

static void labelled(FILE *out, const char *metric, const char *label, const char *value,
                     double number)
{
	const struct metrics_label labels[] = { { label, value }, { NULL, NULL } };

	metrics_line(out, metric, labels, number);
}

static void version_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	(void)sources;
	labelled(out, metric, "version", SHUNT_VERSION, 1);
}

/* --- metrics of one line ------------------------------------------------------------------------- */

/* A metric whose only line is `value`, with `sources` in reach. */
#define ONE_LINE(function, value)                                                                  \
	static void function(FILE *out, const char *metric, const struct metrics_sources *sources) \
	{                                                                                          \
		(void)sources;                                                                     \
		metrics_line(out, metric, NULL, (double)(value));                                  \
	}

static uint64_t supersessions(const struct metrics_sources *sources)
{
	const uint64_t tables = monitor_generation(sources->monitor);

	return tables ? tables - 1 : 0;
}

ONE_LINE(start_lines, sources->started)
ONE_LINE(cpu_lines, usage_cpu_seconds())
ONE_LINE(memory_lines, usage_resident_bytes())
ONE_LINE(settled_lines, monitor_is_settled(sources->monitor))
ONE_LINE(isolated_lines, monitor_is_isolated(sources->monitor))
ONE_LINE(records_lines, monitor_record_count(sources->monitor))
ONE_LINE(overrides_lines, monitor_override_count(sources->monitor))
ONE_LINE(table_lines, SHUNT_TABLE_VERSION)
ONE_LINE(supersession_lines, supersessions(sources))
ONE_LINE(reload_time_lines, sources->reloads->last)
ONE_LINE(reload_success_lines, !sources->reloads->last_failed)
ONE_LINE(attach_lines, sources->clients->attaches)
ONE_LINE(write_failure_lines, sources->state ? sources->state->write_failures : 0)

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

/* --- clients ------------------------------------------------------------------------------------- */

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

/* --- probes -------------------------------------------------------------------------------------- */

static void result_lines(FILE *out, const char *metric, const struct metrics_sources *sources,
                         enum check_type type)
{
	for (enum probe_why why = 0; why < WHYS; why++) {
		const struct metrics_label labels[] = { { "type", check_type_words[type] },
			                                { "result", probe_why_word(why) },
			                                { NULL, NULL } };

		metrics_line(out, metric, labels, (double)sources->probes->ended[type][why]);
	}
}

static void duration_lines(FILE *out, const char *metric, const struct metrics_sources *sources,
                           enum check_type type)
{
	const struct metrics_label label = { "type", check_type_words[type] };

	metrics_histogram(out, metric, &label, &sources->probes->took[type]);
}

static void lag_lines(FILE *out, const char *metric, const struct metrics_sources *sources)
{
	struct histogram late = sources->probes->late;

	histogram_add(&late, monitor_lateness(sources->monitor));
	metrics_histogram(out, metric, NULL, &late);
}

/* --- the table ----------------------------------------------------------------------------------- */

const struct metrics_daemon metrics_daemon[] = {
	{ "shunt_build_info", "gauge", "1, with the version of shuntd as label.", version_lines,
	  NULL },
	{ "process_start_time_seconds", "gauge", "When shuntd was started.", start_lines, NULL },
	{ "process_cpu_seconds_total", "counter", "User and system time of shuntd.", cpu_lines,
	  NULL },
	{ "process_resident_memory_bytes", "gauge", "Memory of shuntd that is in use.",
	  memory_lines, NULL },
	{ "shunt_settled", "gauge", "Whether every check has a verdict, or had its time.",
	  settled_lines, NULL },
	{ "shunt_isolated", "gauge",
	  "Whether nothing beyond this host answers, so that all answers hold.", isolated_lines,
	  NULL },
	{ "shunt_records", "gauge", "Records of the configuration in force.", records_lines, NULL },
	{ "shunt_overrides", "gauge", "Records whose endpoint an operator forces.", overrides_lines,
	  NULL },
	{ "shunt_last_reload_success", "gauge",
	  "Whether the last reload, or the start, took the configuration over.",
	  reload_success_lines, NULL },
	{ "shunt_last_reload_timestamp_seconds", "gauge",
	  "When the configuration was last read, at a reload or at the start.", reload_time_lines,
	  NULL },
	{ "shunt_reloads_total", "counter", "Reloads, by what came of them.", reload_lines, NULL },
	{ "shunt_table_version", "gauge", "The version of the table that clients are given.",
	  table_lines, NULL },
	{ "shunt_table_supersessions_total", "counter",
	  "How often a new table took the place of another.", supersession_lines, NULL },
	{ "shunt_clients", "gauge", "Connections on the client socket, by state.", client_lines,
	  NULL },
	{ "shunt_attaches_total", "counter", "Clients that were given the table.", attach_lines,
	  NULL },
	{ "shunt_attach_refusals_total", "counter",
	  "Clients that were not given the table, by reason.", refusal_lines, NULL },
	{ "shunt_probes_total", "counter", "Probes that ended, by type of check and by result.",
	  NULL, result_lines },
	{ "shunt_probe_duration_seconds", "histogram",
	  "How long probes took that came to a verdict, by type of check.", NULL, duration_lines },
	{ "shunt_loop_lag_seconds", "histogram",
	  "How late the loop was: every 500 ms, and every 25 ms while probes are under way.",
	  lag_lines, NULL },
	{ "shunt_events_total", "counter", "Events, by type.", event_lines, NULL },
	{ "shunt_state_write_failures_total", "counter",
	  "Writes of what must survive a restart that failed.", write_failure_lines, NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};
