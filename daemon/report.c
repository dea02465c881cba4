#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json_text.h"
#include "moment.h"
#include "monitor.h"
#include "override.h"
#include "reload.h"

#include "shunt/version.h"

/* RFC 3339 in UTC; null for 0. */
static json_t *moment(time_t when)
{
	char words[MOMENT_TEXT_MAX];

	return json_text(when ? moment_format(when, words) : NULL);
}

static json_t *address_text(const struct address *address)
{
	char words[ADDRESS_TEXT_MAX];

	return json_string(address_format(address, words));
}

static json_t *milliseconds(uint64_t us)
{
	return us ? json_real((double)us / 1000) : json_null();
}

static json_t *address_report(const struct monitor_address *address)
{
	return json_pack(
	        "{s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:i, s:o, s:i, s:o}",
	        "address", address_text(&address->address), "health", health_word(address->health),
	        "answers", address->answers, "last_error", json_text(address->last_error),
	        "latency_ms", milliseconds(address->latency_us), "connect_ms",
	        milliseconds(address->part_us[PROBE_CONNECT]), "tls_ms",
	        milliseconds(address->part_us[PROBE_TLS]), "first_byte_ms",
	        milliseconds(address->part_us[PROBE_FIRST_BYTE]), "last_probe",
	        moment(address->last_probe), "certificate_expires",
	        moment(address->certificate_expires), "probes", (json_int_t)address->probes,
	        "asked", (json_int_t)address->asked, "against", (int)address->against, "needed",
	        address->needed ? json_integer(address->needed) : json_null(), "held",
	        (int)address->held, "no_verdict_since", moment(address->no_verdict_since));
}

/* NULL for what the check's type has no use for. */
static json_t *settings_report(const struct check *check)
{
	const bool is_web = check && (check->type == CHECK_HTTP || check->type == CHECK_HTTPS);

	if (!check)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:I, s:i, s:i, s:b, s:b}", "name", json_text(check->name),
	                 "port", check->port ? json_integer(check->port) : json_null(), "path",
	                 json_text(is_web ? check->path : NULL), "interval_ms",
	                 (json_int_t)check->interval, "fall", (int)check->rules.fall, "rise",
	                 (int)check->rules.rise, "invert", check->invert, "disabled",
	                 check->disabled);
}

static json_t *endpoint_report(const struct monitor_endpoint *endpoint)
{
	json_t *addresses = json_array();

	for (size_t i = 0; i < endpoint->address_count; i++)
		json_array_append_new(addresses, address_report(&endpoint->addresses[i]));
	return json_pack("{s:s, s:s, s:o, s:o, s:I, s:o, s:o}", "id", endpoint->id, "health",
	                 health_word(endpoint->health), "check", json_text(endpoint->check),
	                 "check_settings", settings_report(endpoint->settings), "min_up",
	                 (json_int_t)endpoint->min_up, "error", json_text(endpoint->error),
	                 "addresses", addresses);
}

/* What a program gets now: nothing where all_down says dns or fail. */
static json_t *answer_report(const struct monitor_record *record)
{
	json_t *answer = json_array();
	const struct monitor_endpoint *endpoint;

	if (record->answer < 0)
		return answer;
	endpoint = &record->endpoints[record->answer];
	for (size_t i = 0; i < endpoint->address_count; i++)
		if (endpoint->addresses[i].answers)
			json_array_append_new(answer,
			                      address_text(&endpoint->addresses[i].address));
	return answer;
}

static json_t *aliases_report(const struct monitor_record *record)
{
	json_t *aliases = json_array();

	for (size_t i = 0; i < record->alias_count; i++)
		json_array_append_new(aliases, json_text(record->aliases[i]));
	return aliases;
}

static json_t *endpoints_report(const struct monitor_record *record)
{
	json_t *endpoints = json_array();

	for (size_t i = 0; i < record->endpoint_count; i++)
		json_array_append_new(endpoints, endpoint_report(&record->endpoints[i]));
	return endpoints;
}

static json_t *override_report(const struct monitor_record *record)
{
	const struct override *override = record->override;

	if (!override)
		return json_null();
	return json_pack("{s:s, s:s, s:I, s:o, s:o, s:o}", "endpoint",
	                 record->endpoints[record->forced].id, "by", override->by, "uid",
	                 (json_int_t) override->uid, "reason",
	                 json_text(override->reason[0] ? override->reason : NULL), "since",
	                 moment(override->since), "until", moment(override->until));
}

/* Takes the value over. */
static char *dumped(json_t *json)
{
	char *dump = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

	json_decref(json);
	return dump;
}

static json_t *failback_report(const struct monitor_record *record)
{
	static const char *const policies[] = { "auto", "manual" };

	return json_pack("{s:s, s:I, s:I, s:o}", "policy", policies[record->failback], "delay_ms",
	                 (json_int_t)record->failback_delay_ms, "wait_ms",
	                 (json_int_t)record->failback_wait_ms, "at", moment(record->failback_at));
}

static const char *id_of(const struct monitor_record *record, int answer)
{
	return answer < 0 ? NULL : record->endpoints[answer].id;
}

static json_t *record_report(const struct monitor_record *record)
{
	static const char *const policies[] = { "primary", "hold", "dns", "fail" };
	static const char *const rules[] = { "start",    "healthy",    "failover",
		                             "unproven", "delay",      "manual",
		                             "all_down", "no_address", "forced" };

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:b, s:o, s:o, s:s, s:o}",
	                 "name", json_text(record->name), "aliases", aliases_report(record),
	                 "active", json_text(id_of(record, record->answer)), "answer",
	                 answer_report(record), "reason", json_text(record->reason), "rule",
	                 rules[record->rule], "elected", json_text(id_of(record, record->elected)),
	                 "since", moment(record->since), "forced", record->override != NULL,
	                 "override", override_report(record), "failback", failback_report(record),
	                 "all_down", policies[record->all_down], "endpoints",
	                 endpoints_report(record));
}

char *report_record(const struct monitor_record *record)
{
	return dumped(record_report(record));
}

char *report_check(const struct monitor_record *record, uint32_t within_ms)
{
	return dumped(json_pack("{s:o, s:I}", "record", record_report(record), "within_ms",
	                        (json_int_t)within_ms));
}

/* From the opening brace to that of the records' array. */
static char *head_text(const struct monitor *monitor)
{
	static const char opening[] = ",\"records\":[";
	const struct config *config = monitor_config(monitor);
	char *head = dumped(json_pack(
	        "{s:s, s:i, s:b, s:b, s:o, s:o, s:I}", "version", SHUNT_VERSION, "pid",
	        (int)getpid(), "settled", monitor_is_settled(monitor), "isolated",
	        monitor_is_isolated(monitor), "socket", json_text(config->socket), "control",
	        json_text(config->control), "table", (json_int_t)monitor_table_inode(monitor)));
	size_t length = head ? strlen(head) - 1 : 0; /* without the closing brace */
	char *grown = head ? realloc(head, length + sizeof(opening)) : NULL;

	if (!grown) {
		free(head);
		return NULL;
	}
	memcpy(grown + length, opening, sizeof(opening));
	return grown;
}

/* A record and the comma before it. */
static char *record_text(const struct monitor *monitor, size_t index)
{
	struct monitor_record record;
	char *text, *joined;

	monitor_read(monitor, index, &record);
	text = report_record(&record);
	if (!text || index == 0)
		return text;
	if (asprintf(&joined, ",%s", text) < 0)
		joined = NULL;
	free(text);
	return joined;
}

char *report_status(const struct monitor *monitor, size_t step, bool *last)
{
	*last = step > monitor_record_count(monitor);
	if (*last)
		return strdup(REPORT_TAIL);
	return step == 0 ? head_text(monitor) : record_text(monitor, step - 1);
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
