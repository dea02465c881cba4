#include "report/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_out.h"
#include "base/json_text.h"
#include "door/door.h"
#include "monitor/monitor.h"
#include "monitor/override.h"
#include "monitor/view.h"
#include "reload/reload.h"
#include "report/fleet.h"
#include "report/libraries.h"
#include "reset/reset.h"

#include "shunt/version.h"

static void put_address(struct json_out *out, const char *key, const struct address *address)
{
	char words[ADDRESS_TEXT_MAX];

	json_out_text(out, key, address_format(address, words));
}

static void put_probes(struct json_out *out, const struct view_address *address)
{
	json_out_bool(out, "answers", address->answers);
	json_out_bool(out, "may_follow", address->may_follow);
	json_out_bool(out, "in_doubt", address->in_doubt);
	json_out_ms(out, "connect_ms", address->part_us[PROBE_CONNECT]);
	json_out_ms(out, "tls_ms", address->part_us[PROBE_TLS]);
	json_out_ms(out, "first_byte_ms", address->part_us[PROBE_FIRST_BYTE]);
	json_out_moment(out, "last_probe", address->last_probe);
	json_out_moment(out, "certificate_expires", address->certificate_expires);
	json_out_number(out, "probes", address->probes);
	json_out_number(out, "asked", address->asked);
	json_out_number(out, "against", address->against);
	if (address->needed)
		json_out_number(out, "needed", address->needed);
	else
		json_out_null(out, "needed");
	json_out_number(out, "held", address->held);
	json_out_text(out, "watch", address->watch);
	json_out_moment(out, "no_verdict_since", address->no_verdict_since);
	json_out_text(out, "no_verdict_side",
	              address->no_verdict_since ? health_side_word(address->no_verdict_side)
	                                        : NULL);
}

static void put_checked(struct json_out *out, const struct view_address *address)
{
	json_out_open(out, NULL, '{');
	put_address(out, "address", &address->address);
	json_out_text(out, "health", health_word(address->health));
	json_out_text(out, "last_error", address->last_error);
	json_out_ms(out, "latency_ms", address->latency_us);
	put_probes(out, address);
	json_out_close(out, '}');
}

/* Writes null for settings that the check's type does not use. */
static void put_settings(struct json_out *out, const struct check *check)
{
	const bool is_web = check && (check->type == CHECK_HTTP || check->type == CHECK_HTTPS);

	if (!check) {
		json_out_null(out, "check_settings");
		return;
	}
	json_out_open(out, "check_settings", '{');
	json_out_text(out, "name", check->name);
	if (check->port)
		json_out_number(out, "port", check->port);
	else
		json_out_null(out, "port");
	json_out_text(out, "path", is_web ? check->path : NULL);
	json_out_number(out, "interval_ms", check->interval);
	json_out_number(out, "fall", check->rules.fall);
	json_out_number(out, "rise", check->rules.rise);
	json_out_bool(out, "invert", check->invert);
	json_out_bool(out, "disabled", check->disabled);
	json_out_close(out, '}');
}

static void put_endpoint(struct json_out *out, const struct view_endpoint *endpoint)
{
	json_out_open(out, NULL, '{');
	json_out_text(out, "id", endpoint->id);
	json_out_text(out, "health", health_word(endpoint->health));
	json_out_text(out, "check", endpoint->check);
	json_out_text(out, "error", endpoint->error);
	put_settings(out, endpoint->settings);
	json_out_number(out, "min_up", endpoint->min_up);
	json_out_open(out, "addresses", '[');
	for (size_t i = 0; i < endpoint->address_count; i++)
		put_checked(out, &endpoint->addresses[i]);
	json_out_close(out, ']');
	json_out_close(out, '}');
}

/* The addresses that a program gets now: none if all_down is dns or fail and applies. */
static void put_answer(struct json_out *out, const struct view_record *record)
{
	const struct view_endpoint *endpoint =
	        record->answer < 0 ? NULL : &record->endpoints[record->answer];

	json_out_open(out, "answer", '[');
	for (size_t i = 0; endpoint && i < endpoint->address_count; i++)
		if (endpoint->addresses[i].answers)
			put_address(out, NULL, &endpoint->addresses[i].address);
	json_out_close(out, ']');
}

static void put_override(struct json_out *out, const struct view_record *record)
{
	const struct override *override = record->override;

	json_out_bool(out, "forced", override != NULL);
	if (!override) {
		json_out_null(out, "override");
		return;
	}
	json_out_open(out, "override", '{');
	json_out_text(out, "endpoint", record->endpoints[record->forced].id);
	json_out_text(out, "by", override->by);
	json_out_number(out, "uid", override->uid);
	json_out_text(out, "reason", override->reason[0] ? override->reason : NULL);
	json_out_moment(out, "since", override->since);
	json_out_moment(out, "until", override->until);
	json_out_close(out, '}');
}

static void put_failback(struct json_out *out, const struct view_record *record)
{
	json_out_open(out, "failback", '{');
	json_out_text(out, "policy", failback_words[record->failback]);
	json_out_number(out, "delay_ms", record->failback_delay_ms);
	json_out_number(out, "wait_ms", record->failback_wait_ms);
	json_out_moment(out, "at", record->failback_at);
	json_out_close(out, '}');
}

static const char *id_of(const struct view_record *record, int answer)
{
	return answer < 0 ? NULL : record->endpoints[answer].id;
}

static void put_rules(struct json_out *out, const struct view_record *record)
{
	static const char *const rules[] = { "start",  "healthy", "failover", "unproven",
		                             "delay",  "manual",  "all_down", "no_address",
		                             "forced", "ordered" };

	json_out_text(out, "rule", rules[record->rule]);
	json_out_text(out, "elected", id_of(record, record->elected));
	put_override(out, record);
	put_failback(out, record);
}

static void put_connections(struct json_out *out, const struct view_record *record)
{
	json_out_open(out, "ports", '[');
	for (size_t i = 0; i < record->port_count; i++)
		json_out_number(out, NULL, record->ports[i]);
	json_out_close(out, ']');
	json_out_text(out, "on_leave", reset_words[record->on_leave]);
	json_out_text(out, "on_return", reset_words[record->on_return]);
}

static void put_members(struct json_out *out, const struct view_record *record)
{
	json_out_text(out, "name", record->name);
	json_out_open(out, "aliases", '[');
	for (size_t i = 0; i < record->alias_count; i++)
		json_out_text(out, NULL, record->aliases[i]);
	json_out_close(out, ']');
	json_out_text(out, "active", id_of(record, record->answer));
	put_answer(out, record);
	json_out_text(out, "reason", record->reason);
	json_out_moment(out, "since", record->since);
	json_out_bool(out, "holds", record->holds);
	json_out_text(out, "all_down", all_down_words[record->all_down]);
	json_out_text(out, "connect", connect_words[record->connect]);
	put_rules(out, record);
	put_connections(out, record);
	report_fleet_put(out, record);
	json_out_open(out, "endpoints", '[');
	for (size_t i = 0; i < record->endpoint_count; i++)
		put_endpoint(out, &record->endpoints[i]);
	json_out_close(out, ']');
}

static void put_record(struct json_out *out, const char *key, const struct view_record *record)
{
	json_out_open(out, key, '{');
	put_members(out, record);
	json_out_close(out, '}');
}

char *report_record(const struct view_record *record)
{
	struct json_out out = { 0 };

	put_record(&out, NULL, record);
	return json_out_take(&out);
}

char *report_order(const struct view_record *record, const char *warning)
{
	struct json_out out = { 0 };

	json_out_open(&out, NULL, '{');
	put_members(&out, record);
	if (warning)
		json_out_text(&out, "warning", warning);
	json_out_close(&out, '}');
	return json_out_take(&out);
}

char *report_check(const struct view_record *record, uint32_t within_ms)
{
	struct json_out out = { 0 };

	json_out_open(&out, NULL, '{');
	put_record(&out, "record", record);
	json_out_number(&out, "within_ms", within_ms);
	json_out_close(&out, '}');
	return json_out_take(&out);
}

static void put_doors(struct json_out *out, const struct door *doors)
{
	struct door_view door;

	json_out_open(out, "doors", '[');
	for (size_t i = 0; i < door_count(doors); i++) {
		door_read(doors, i, &door);
		json_out_open(out, NULL, '{');
		json_out_text(out, "cgroup", door.cgroup);
		json_out_text(out, "state", door_state_word(door.state));
		json_out_text(out, "reason", door.reason);
		json_out_number(out, "rewritten", door.rewritten);
		json_out_close(out, '}');
	}
	json_out_close(out, ']');
}

static void put_reset(struct json_out *out, const struct reset *reset)
{
	json_out_open(out, "reset", '{');
	json_out_bool(out, "wanted", reset_is_wanted(reset));
	json_out_bool(out, "ready", reset_is_ready(reset));
	json_out_text(out, "error", reset_trouble(reset));
	json_out_close(out, '}');
}

/* From the opening brace to the bracket that opens the array of records. */
static char *head_text(const struct monitor *monitor, const struct in_force *in_force)
{
	struct json_out out = { 0 };

	json_out_open(&out, NULL, '{');
	json_out_text(&out, "version", SHUNT_VERSION);
	json_out_number(&out, "pid", (uint64_t)getpid());
	json_out_bool(&out, "settled", monitor_is_settled(monitor));
	json_out_bool(&out, "isolated", monitor_is_isolated(monitor));
	put_reset(&out, monitor_reset(monitor));
	report_fleet_put_link(&out, monitor_fleet(monitor));
	json_out_text(&out, "socket", in_force->socket);
	json_out_text(&out, "control", in_force->control);
	json_out_number(&out, "table", monitor_table_inode(monitor));
	libraries_put(&out);
	put_doors(&out, monitor_door(monitor));
	json_out_open(&out, "records", '[');
	return json_out_take(&out);
}

/* A record, preceded by a comma if needed. */
static char *record_text(const struct monitor *monitor, size_t index, bool comma)
{
	struct view_record record;
	struct json_out out = { .comma = comma };

	monitor_read(monitor, index, &record);
	put_record(&out, NULL, &record);
	return json_out_take(&out);
}

char *report_status(const struct monitor *monitor, const struct in_force *in_force,
                    struct report_span span, size_t step, bool *last)
{
	*last = step > span.count;
	if (*last)
		return strdup("]}\n");
	return step == 0 ? head_text(monitor, in_force)
	                 : record_text(monitor, span.first + step - 1, step > 1);
}

/* Takes ownership of the value. */
static char *dumped(json_t *json)
{
	char *dump = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return dump;
}

static json_t *names_report(const struct reload_names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->count && i < RELOAD_NAMES_MAX; i++)
		json_array_append_new(list, json_text(names->list[i]));
	return json_pack("{s:I, s:o}", "count", (json_int_t)names->count, "names", list);
}

char *report_reload(const struct reload_result *result)
{
	return dumped(json_pack("{s:I, s:o, s:o, s:o}", "records", (json_int_t)result->records,
	                        "added", names_report(&result->added), "changed",
	                        names_report(&result->changed), "removed",
	                        names_report(&result->removed)));
}
