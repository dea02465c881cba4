#include "monitor/persist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/printable.h"
#include "event/event.h"
#include "monitor/view.h"
#include "state/state.h"

#define RETURNS_MAX 64 /* a penalty that doubles so often has long come to its bound */

/* --- writing ------------------------------------------------------------------------------------- */

/* A name in lower case; it needs no escapes in JSON. */
static const char *lower(const char *name, char text[SHUNT_NAME_MAX + 1])
{
	size_t i = 0;

	for (; i < SHUNT_NAME_MAX && name[i]; i++)
		text[i] = (char)shunt_lower((unsigned char)name[i]);
	text[i] = '\0';
	return text;
}

static void write_override(const struct record *record, FILE *out)
{
	const struct override *override = record->override;
	json_t *json = json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:I}", "endpoint",
	                         record->config->endpoints[record->election.forced].id, "uid",
	                         (json_int_t) override->uid, "by", override->by, "reason",
	                         override->reason, "since", (json_int_t) override->since, "until",
	                         (json_int_t) override->until, "deadline",
	                         (json_int_t) override->deadline_ms);

	if (!json)
		fatal("out of memory");
	fputs(", \"override\": ", out);
	json_dumpf(json, out, 0);
	json_decref(json);
}

/* By hand, since it is done for every record of thousands in the loop. */
static void write_record(const struct record *record, FILE *out)
{
	const struct election *election = &record->election;
	char name[SHUNT_NAME_MAX + 1];

	fprintf(out, "\"%s\": {\"active\": \"%s\", \"since\": %lld",
	        lower(record->config->name, name), view_answer(record, election->answer),
	        (long long)record->since);
	if (election->returns)
		fprintf(out, ", \"returns\": %u, \"returned\": %llu", election->returns,
		        (unsigned long long)election->returned_ms);
	if (election->endpoint != 0)
		fprintf(out, ", \"endpoint\": \"%s\"",
		        record->config->endpoints[election->endpoint].id);
	if (record->override)
		write_override(record, out);
	putc('}', out);
}

static void write_health(const struct targets *targets, enum health_state state, FILE *out)
{
	const char *comma = "";
	char key[SAVED_KEY_MAX];

	fprintf(out, "\"%s\": [", health_word(state));
	for (size_t i = 0; i < targets->bucket_count; i++) {
		for (const struct target *target = targets->buckets[i]; target;
		     target = target->next) {
			if (target->health.state != state)
				continue;
			fprintf(out, "%s\"%s\"", comma, saved_key(target->key, key));
			comma = ",\n";
		}
	}
	fputs("]", out);
}

char *monitor_state_text(const struct roster *roster, const struct targets *targets, size_t *size)
{
	char *text = NULL, boot[SAVED_BOOT_MAX];
	FILE *out = open_memstream(&text, size);
	bool failed;

	if (!out)
		return NULL;
	fprintf(out, STATE_HEAD "%0*llu\", \"version\": %d, \"boot\": \"%s\",\n\"records\": {",
	        STATE_STAMP_DIGITS, (unsigned long long)clock_boot_ms(), SAVED_VERSION,
	        saved_boot(boot));
	for (size_t i = 0; i < roster->count; i++) {
		fputs(i ? ",\n" : "\n", out);
		write_record(&roster->records[i], out);
	}
	fputs("},\n", out);
	write_health(targets, HEALTH_UP, out);
	fputs(",\n", out);
	write_health(targets, HEALTH_DOWN, out);
	fputs("}\n", out);
	failed = ferror(out);
	if (fclose(out) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}

/* --- restoring ----------------------------------------------------------------------------------- */

static const char *text_of(const json_t *json, const char *member)
{
	const char *text = json_string_value(json_object_get(json, member));

	return text ? text : "";
}

static json_int_t number_of(const json_t *json, const char *member)
{
	json_int_t number = json_integer_value(json_object_get(json, member));

	return number > 0 ? number : 0;
}

/* In another boot only the wall clock knows how much of it is left. Never 0: what has passed ends at once, with its event. */
static uint64_t deadline_of(const json_t *json, bool same_boot)
{
	json_int_t until = number_of(json, "until"), now = time(NULL);

	if (until == 0)
		return 0;
	if (same_boot && number_of(json, "deadline"))
		return (uint64_t)number_of(json, "deadline");
	return clock_boot_ms() + (until > now ? (uint64_t)(until - now) * 1000 : 0);
}

static struct override override_of(const json_t *json, bool same_boot)
{
	struct override override = { .uid = (uid_t)number_of(json, "uid"),
		                     .since = (time_t)number_of(json, "since"),
		                     .until = (time_t)number_of(json, "until"),
		                     .deadline_ms = deadline_of(json, same_boot) };

	probe_text_clean(override.by, sizeof(override.by), text_of(json, "by"));
	probe_text_clean(override.reason, sizeof(override.reason), text_of(json, "reason"));
	return override;
}

static void drop(const char *name, const json_t *override)
{
	char record[SHUNT_NAME_MAX + 1], endpoint[SHUNT_ID_MAX + 1];

	probe_text_clean(record, sizeof(record), name);
	probe_text_clean(endpoint, sizeof(endpoint), text_of(override, "endpoint"));
	event_emit(&(struct event_record){ .type = EVENT_DROPPED,
	                                   .record = record,
	                                   .endpoint = endpoint,
	                                   .reason = OVERRIDE_GONE });
}

static void restore_override(const char *name, struct record *record, const json_t *json,
                             bool same_boot, struct overrides *overrides)
{
	int endpoint = record ? record_endpoint(record, text_of(json, "endpoint")) : -1;
	struct override override;

	if (endpoint < 0) {
		drop(name, json);
		return;
	}
	override = override_of(json, same_boot);
	override_restore(overrides, record, endpoint, &override);
}

/*
 * One that answered before goes on until the checks say otherwise. How often it has come back of late is known by a clock that
 * begins anew with each boot.
 */
static void restore_election(struct record *record, const json_t *json, bool same_boot)
{
	struct election *election = &record->election;
	int endpoint = record_endpoint(record, text_of(json, "endpoint"));

	if (endpoint > 0)
		election->endpoint = election->elected = election->answer = endpoint;
	if (!same_boot || (uint64_t)number_of(json, "returned") > clock_ms())
		return;
	election->returns =
	        (unsigned)(number_of(json, "returns") < RETURNS_MAX ? number_of(json, "returns")
	                                                            : RETURNS_MAX);
	election->returned_ms = (uint64_t)number_of(json, "returned");
}

void monitor_state_restore(const struct saved *saved, const struct roster *roster,
                           struct overrides *overrides)
{
	const char *name;
	json_t *json;

	json_object_foreach((json_t *)saved_records(saved), name, json)
	{
		const json_t *override = json_object_get(json, "override");
		struct record *record = NULL;

		if (!override && !json_object_get(json, "endpoint") &&
		    !json_object_get(json, "returns"))
			continue;
		record = roster_find(roster, name);
		if (record && strcasecmp(record->config->name, name) != 0)
			record = NULL; /* another's alias now */
		if (record)
			restore_election(record, json, saved_same_boot(saved));
		if (override)
			restore_override(name, record, override, saved_same_boot(saved), overrides);
	}
}

/* A decision is as old as it is; what the checks found is only as old as we know. */
static bool since_holds(const struct saved *saved, const struct record *record)
{
	return saved_is_fresh(saved) || record->override || record->election.endpoint != 0;
}

void monitor_state_settle(const struct saved *saved, const struct roster *roster)
{
	char name[SHUNT_NAME_MAX + 1];

	for (size_t i = 0; i < roster->count; i++) {
		struct record *record = &roster->records[i];
		const json_t *json =
		        json_object_get(saved_records(saved), lower(record->config->name, name));
		time_t since = (time_t)number_of(json, "since");

		if (since && since < record->since && since_holds(saved, record) &&
		    strcmp(text_of(json, "active"), view_answer(record, record->election.answer)) ==
		            0)
			record->since = since;
	}
}
