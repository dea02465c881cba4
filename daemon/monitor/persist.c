#include "monitor/persist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/printable.h"
#include "base/text_out.h"
#include "event/event.h"
#include "monitor/view.h"

#define RETURNS_MAX 64 /* by then a penalty that doubles each time has reached its maximum */

/* --- writing ---------------------------------------------------------------------------------- */

static struct format_override saved_override(const struct record *record)
{
	const struct override *override = record->decided.override;

	return (struct format_override){
		.endpoint = record->config->endpoints[record->decided.election.forced].id,
		.uid = override->uid,
		.by = override->by,
		.reason = override->reason,
		.since = override->since,
		.until = override->until,
		.deadline_ms = override->deadline_ms,
	};
}

static void write_record(const struct record *record, FILE *out)
{
	const struct election *election = &record->decided.election;
	struct format_record saved = {
		.name = record->config->name,
		.active = view_answer(record, election->answer),
		.since = record->decided.since,
		.endpoint =
		        election->endpoint ? record->config->endpoints[election->endpoint].id : "",
		.returns = election->returns,
		.returned_ms = election->returned_ms,
		.overridden = record->decided.override,
	};

	if (saved.overridden)
		saved.override = saved_override(record);
	format_record(out, &saved, record->index == 0);
}

static void write_health(const struct targets *targets, enum health_state state, FILE *out)
{
	bool first = true;

	format_health_begin(out, state);
	for (size_t i = 0; i < targets->bucket_count; i++) {
		for (const struct target *target = targets->buckets[i]; target;
		     target = target->next) {
			if (target->health.state != state)
				continue;
			format_health_key(out, target->key, first);
			first = false;
		}
	}
}

/* For fopencookie(). */
static ssize_t add(void *text, const char *bytes, size_t size)
{
	struct text_out *out = text;

	text_out_put(out, bytes, size);
	return out->failed ? 0 : (ssize_t)size;
}

/* Not open_memstream(), which writes zeros into all that it reserves, up to as much again. */
char *persist_text(const struct roster *roster, const struct targets *targets, size_t *size)
{
	struct text_out text = { 0 };
	FILE *out = fopencookie(&text, "w", (cookie_io_functions_t){ .write = add });
	bool failed;

	if (!out)
		return NULL;
	format_begin(out, clock_boot_ms());
	for (size_t i = 0; i < roster->count; i++)
		write_record(&roster->records[i], out);
	write_health(targets, HEALTH_UP, out);
	write_health(targets, HEALTH_DOWN, out);
	format_end(out);
	failed = ferror(out);
	failed |= fclose(out) != 0;
	*size = text.size;
	if (!failed)
		return text_out_take(&text);
	free(text.text);
	return NULL;
}

/* --- restoring -------------------------------------------------------------------------------- */

struct restore {
	const struct roster *roster;
	struct overrides *overrides;
	bool same_boot;
};

/*
 * After a reboot only the wall clock tells how much of the time is left. Never returns 0: an
 * override that has expired ends at once, with its event.
 */
static uint64_t deadline_of(const struct format_override *saved, bool same_boot)
{
	time_t now = time(NULL);

	if (saved->until == 0)
		return 0;
	if (same_boot && saved->deadline_ms)
		return saved->deadline_ms;
	return clock_boot_ms() + (saved->until > now ? (uint64_t)(saved->until - now) * 1000 : 0);
}

static struct override override_of(const struct format_override *saved, bool same_boot)
{
	struct override override = { .uid = saved->uid,
		                     .since = saved->since,
		                     .until = saved->until,
		                     .deadline_ms = deadline_of(saved, same_boot) };

	printable_clean(override.by, sizeof(override.by), saved->by);
	printable_clean(override.reason, sizeof(override.reason), saved->reason);
	return override;
}

static void drop(const struct format_record *saved)
{
	char record[SHUNT_NAME_MAX + 1], endpoint[SHUNT_ID_MAX + 1];

	printable_clean(record, sizeof(record), saved->name);
	printable_clean(endpoint, sizeof(endpoint), saved->override.endpoint);
	event_emit(&(struct event_record){ .type = EVENT_DROPPED,
	                                   .record = record,
	                                   .endpoint = endpoint,
	                                   .reason = OVERRIDE_GONE });
}

static void restore_override(const struct restore *restore, struct record *record,
                             const struct format_record *saved)
{
	int endpoint = record ? record_endpoint(record, saved->override.endpoint) : -1;
	struct override override;

	if (endpoint < 0) {
		drop(saved);
		return;
	}
	override = override_of(&saved->override, restore->same_boot);
	override_restore(restore->overrides, record, endpoint, &override);
}

/*
 * An endpoint that answered before continues to do so until the checks say otherwise. Recent
 * failbacks are timed by a clock that restarts with each boot.
 */
static void restore_election(struct record *record, const struct format_record *saved,
                             bool same_boot)
{
	struct election *election = &record->decided.election;
	int endpoint = record_endpoint(record, saved->endpoint);

	if (endpoint > 0) {
		election->endpoint = election->elected = election->answer = endpoint;
		record->decided.unsettled = false;
	}
	if (!same_boot || saved->returned_ms > clock_ms())
		return;
	election->returns = (unsigned)(saved->returns < RETURNS_MAX ? saved->returns : RETURNS_MAX);
	election->returned_ms = saved->returned_ms;
}

static void restore_record(void *arg, const struct format_record *saved)
{
	const struct restore *restore = arg;
	struct record *record;

	if (!saved->overridden && !saved->endpoint[0] && !saved->returns)
		return;
	record = roster_find(restore->roster, saved->name);
	if (record && strcasecmp(record->config->name, saved->name) != 0)
		record = NULL; /* the name is now another record's alias */
	if (record)
		restore_election(record, saved, restore->same_boot);
	if (saved->overridden)
		restore_override(restore, record, saved);
}

void persist_restore(const struct saved *saved, const struct roster *roster,
                     struct overrides *overrides)
{
	struct restore restore = { roster, overrides, format_same_boot(saved) };

	format_each(saved, restore_record, &restore);
}

/* A decision keeps its time whatever the file's age; without one the file must be fresh. */
static bool since_holds(const struct saved *saved, const struct record *record)
{
	return format_is_fresh(saved) || record->decided.override ||
	       record->decided.election.endpoint != 0;
}

void persist_settle(const struct saved *saved, const struct roster *roster)
{
	for (size_t i = 0; i < roster->count; i++) {
		struct record *record = &roster->records[i];
		struct format_record before;

		if (format_find(saved, record->config->name, &before) && before.since &&
		    before.since < record->decided.since && since_holds(saved, record) &&
		    strcmp(before.active, view_answer(record, record->decided.election.answer)) ==
		            0)
			record->decided.since = before.since;
	}
}
