#include "explain/decision.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/record.h"
#include "base/human.h"
#include "explain/agreement.h"
#include "explain/connections.h"
#include "explain/step.h"

/* What decided, according to the daemon's rule. */
static const struct {
	const char *rule, *step;
} deciders[] = {
	{ "forced", "override" }, { "start", "health" },      { "healthy", "health" },
	{ "failover", "health" }, { "unproven", "health" },   { "delay", "failback" },
	{ "manual", "failback" }, { "all_down", "all_down" }, { "no_address", "health" },
};

static bool is_rule(const json_t *record, const char *rule)
{
	return strcmp(record_field(record, "rule"), rule) == 0;
}

/* "500ms", "5m", "1h 30m" */
static const char *milliseconds(json_int_t ms, char text[HUMAN_TIME_MAX])
{
	if (ms % 1000 == 0)
		return human_duration(ms / 1000, text);
	snprintf(text, HUMAN_TIME_MAX, "%lldms", (long long)ms);
	return text;
}

/* "1 pass", "3 passes" */
static const char *results(json_int_t count, bool passes, char text[HUMAN_TIME_MAX])
{
	snprintf(text, HUMAN_TIME_MAX, "%lld %s", (long long)count,
	         passes       ? count == 1 ? "pass" : "passes"
	         : count == 1 ? "failure"
	                      : "failures");
	return text;
}

/* --- override, start, isolation --------------------------------------------------------------- */

static void say_override(json_t *step, const json_t *override, time_t now)
{
	const char *until = record_field(override, "until"),
	           *reason = record_field(override, "reason");
	char left[HUMAN_TIME_MAX];

	step_say(step, "%s, by %s since %s%s%s", record_field(override, "endpoint"),
	         record_field(override, "by"), record_field(override, "since"), *reason ? ": " : "",
	         reason);
	if (*until)
		step_say(step, "  until %s, in %s; 'shunt auto' ends it sooner", until,
		         human_duration(human_read_time(until) - now, left));
	else
		step_say(step, "  until 'shunt auto' ends it");
}

static void add_override(json_t *steps, const json_t *record, time_t now)
{
	const json_t *override = json_object_get(record, "override");
	const char *elected = record_field(record, "elected");
	json_t *step = step_add(steps, "override");

	if (!json_is_object(override)) {
		step_say(step, "none: the checks decide");
		return;
	}
	say_override(step, override, now);
	if (!is_rule(record, "forced"))
		step_say(step, "  it has no address now, so the checks decide");
	else if (*elected)
		step_say(step, "  without it, %s would answer", elected);
	else
		step_say(step, "  without it, no endpoint would answer");
}

static void add_settled(json_t *steps, const json_t *status)
{
	json_t *step = step_add(steps, "settled");

	if (json_is_false(json_object_get(status, "settled")))
		step_say(step, "no: the first checks are in progress, for 5s at most; until then "
		               "the state "
		               "saved by the previous run counts, and programs keep the answers "
		               "they have");
	else
		step_say(step, "yes: each check has a verdict, or has used up its time");
}

static void add_isolation(json_t *steps, const json_t *status)
{
	json_t *step = step_add(steps, "isolation");

	if (json_is_true(json_object_get(status, "isolated")))
		step_say(step,
		         "yes: nothing beyond this host answers, so that timeouts do not count, "
		         "and a name whose endpoints are all lost keeps its answer; look at this "
		         "host's network");
	else
		step_say(step, "no: what fails counts");
}

/* --- health ----------------------------------------------------------------------------------- */

/* "http check "web", port 8080, path /health, every 10s" */
static void say_check(const json_t *endpoint, char **words)
{
	const json_t *settings = json_object_get(endpoint, "check_settings");
	const char *name = record_field(settings, "name"), *path = record_field(settings, "path");
	char interval[HUMAN_TIME_MAX], port[32] = "";

	if (record_number(settings, "port"))
		snprintf(port, sizeof(port), ", port %d", (int)record_number(settings, "port"));
	if (asprintf(words, "%s check%s%s%s%s%s%s, every %s%s%s", record_field(endpoint, "check"),
	             *name ? " \"" : "", name, *name ? "\"" : "", port, *path ? ", path " : "",
	             path, milliseconds(record_number(settings, "interval_ms"), interval),
	             json_is_true(json_object_get(settings, "invert")) ? ", inverted" : "",
	             json_is_true(json_object_get(settings, "disabled")) ? ", disabled" : "") < 0)
		*words = NULL;
}

static void say_endpoint(json_t *step, const json_t *endpoint)
{
	const char *id = record_field(endpoint, "id"), *health = record_field(endpoint, "health");
	const char *error = record_field(endpoint, "error");
	size_t addresses = json_array_size(json_object_get(endpoint, "addresses"));
	json_int_t min_up = record_number(endpoint, "min_up");
	char *check = NULL;

	if (!json_is_string(json_object_get(endpoint, "check"))) {
		step_say(step, "%s: %s; it has no check, and always counts as up", id, health);
	} else {
		say_check(endpoint, &check);
		step_say(step, "%s: %s; %s", id, health, check ? check : "?");
		free(check);
	}
	if (min_up > 1)
		step_say(step, "  %lld of its %zu addresses must be up", (long long)min_up,
		         addresses);
	if (addresses == 0)
		step_say(step, "  it has no address%s%s", *error ? ": " : " yet", error);
	else if (*error)
		step_say(step, "  its addresses are the last that were known: %s", error);
}

/* How far a health is from a change: "1 of 3 failures in a row", "needs 3 passes in a row". */
static void say_distance(const json_t *address, bool up, char text[HUMAN_TIME_MAX * 2])
{
	json_int_t needed = record_number(address, "needed"),
	           against = record_number(address, "against");
	const char *row = needed == 1 ? "" : " in a row";
	char count[HUMAN_TIME_MAX];

	results(needed, !up, count);
	if (against)
		snprintf(text, HUMAN_TIME_MAX * 2, "%lld of %s%s", (long long)against, count, row);
	else if (up)
		snprintf(text, HUMAN_TIME_MAX * 2, "%s%s would take it down", count, row);
	else
		snprintf(text, HUMAN_TIME_MAX * 2, "needs %s%s", count, row);
}

/* The connection whose end has the address probed at once, if its check has one held. */
static void say_watch(json_t *step, const char *state)
{
	static const struct {
		const char *state, *words;
	} states[] = {
		{ "held", "    watched: probed as soon as its connection ends" },
		{ "opening", "    watched: its connection is being opened" },
		{ "waiting", "    watched: its connection ended, and is opened again later" },
		{ "off", "    watched: no connection is held before a probe passes" },
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].state, state) == 0)
			step_say(step, "%s", states[i].words);
	}
}

static const char *cause_of(const char *side)
{
	static const char *const causes[][2] = { { "host", "a fault of this host" },
		                                 { "check", "a fault of the check's command" } };

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (strcmp(side, causes[i][0]) == 0)
			return causes[i][1];
	}
	return "of unknown cause";
}

static void say_address(json_t *step, const json_t *address)
{
	const char *health = record_field(address, "health"),
	           *at = record_field(address, "address");
	const char *error = record_field(address, "last_error");
	const char *since = record_field(address, "no_verdict_since");
	char distance[HUMAN_TIME_MAX * 2] = "its first result decides", count[HUMAN_TIME_MAX];

	if (strcmp(health, "unknown") != 0)
		say_distance(address, strcmp(health, "up") == 0, distance);
	if (!json_is_integer(json_object_get(address, "needed")))
		step_say(step, "  %s %s%s%s", at, health, *error ? ": " : "", error);
	else
		step_say(step, "  %s %s: %s%s%s", at, health, error, *error ? "; " : "", distance);
	if (record_number(address, "held"))
		step_say(step, "    %s not counted yet: this host may be cut off",
		         results(record_number(address, "held"), false, count));
	say_watch(step, record_field(address, "watch"));
	if (*since)
		step_say(step, "    no verdict since %s, %s", since,
		         cause_of(record_field(address, "no_verdict_side")));
}

/* Summarizes the healths. */
static void say_choice(json_t *step, const json_t *record)
{
	const char *active = record_field(record, "active");

	if (is_rule(record, "healthy"))
		step_say(step, "So %s answers: it is the first, and up.", active);
	else if (is_rule(record, "failover"))
		step_say(step, "So %s answers: the first in order that is up.", active);
	else if (is_rule(record, "unproven"))
		step_say(step, "So %s answers: none is up, and it is the first that may be.",
		         active);
	else if (is_rule(record, "start"))
		step_say(step, "So %s answers: it is the first, until a verdict says otherwise.",
		         active);
	else if (is_rule(record, "no_address"))
		step_say(step, "No endpoint has an address.");
	else if (is_rule(record, "all_down"))
		step_say(step, "None is up.");
}

static void add_health(json_t *steps, const json_t *record)
{
	json_t *step = step_add(steps, "health"), *endpoint, *address;
	size_t i, k;

	json_array_foreach (json_object_get(record, "endpoints"), i, endpoint) {
		say_endpoint(step, endpoint);
		if (!json_is_string(json_object_get(endpoint, "check")))
			continue;
		json_array_foreach (json_object_get(endpoint, "addresses"), k, address) {
			say_address(step, address);
		}
	}
	if (!agreement_decides(record))
		say_choice(step, record);
}

/* --- failback, all down, addresses ------------------------------------------------------------ */

/* The first endpoint that is up, which therefore precedes the one that answers. */
static const char *returned(const json_t *record)
{
	json_t *endpoint;
	size_t i;

	json_array_foreach (json_object_get(record, "endpoints"), i, endpoint) {
		if (strcmp(record_field(endpoint, "health"), "up") == 0 &&
		    json_array_size(json_object_get(endpoint, "addresses")) > 0)
			return record_field(endpoint, "id");
	}
	return "an earlier endpoint";
}

static void say_wait(json_t *step, const json_t *failback)
{
	json_int_t delay = record_number(failback, "delay_ms"),
	           wait = record_number(failback, "wait_ms");
	char all[HUMAN_TIME_MAX], penalty[HUMAN_TIME_MAX];

	if (wait == 0)
		step_say(step, "auto: an earlier endpoint takes over as soon as it is up");
	else
		step_say(step,
		         "auto: an earlier endpoint takes over once it has been up for %s%s%s",
		         milliseconds(wait, all), wait > delay ? ", of which flap_penalty is " : "",
		         wait > delay ? milliseconds(wait - delay, penalty) : "");
}

static void add_failback(json_t *steps, const json_t *record, time_t now)
{
	const json_t *failback = json_object_get(record, "failback");
	const char *at = record_field(failback, "at");
	bool manual = strcmp(record_field(failback, "policy"), "manual") == 0;
	json_t *step = step_add(steps, "failback");
	char left[HUMAN_TIME_MAX];

	if (manual)
		step_say(step,
		         "manual: an earlier endpoint that is up again waits for an operator");
	else
		say_wait(step, failback);
	if (is_rule(record, "manual"))
		step_say(step, "%s is up, and waits: 'shunt auto %s' lets it take over",
		         returned(record), record_field(record, "name"));
	else if (*at)
		step_say(step, "%s is up, and takes over in %s, at %s, if it stays up",
		         returned(record), human_duration(human_read_time(at) - now, left), at);
}

static void add_all_down(json_t *steps, const json_t *record)
{
	static const struct {
		const char *policy, *words;
	} policies[] = { { "primary", "the primary answers" },
		         { "hold", "the last answer stays" },
		         { "dns", "DNS answers, as if the name were not managed" },
		         { "fail", "lookups fail" } };
	const char *policy = record_field(record, "all_down"), *words = "lookups fail";
	json_t *step = step_add(steps, "all_down");

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (strcmp(policies[i].policy, policy) == 0)
			words = policies[i].words;
	if (is_rule(record, "all_down"))
		step_say(step, "no endpoint is up, so %s (all_down = \"%s\")", words, policy);
	else if (is_rule(record, "no_address"))
		step_say(step, "no endpoint has an address, so %s (all_down = \"%s\")",
		         strcmp(policy, "dns") == 0 ? words : "lookups fail", policy);
	else
		step_say(step, "not needed now; with no endpoint up, %s", words);
}

/* The addresses of the answering endpoint that are not in the answer. */
static void say_left_out(json_t *step, const json_t *endpoint)
{
	json_t *address;
	size_t i;

	json_array_foreach (json_object_get(endpoint, "addresses"), i, address) {
		if (!json_is_true(json_object_get(address, "answers")))
			step_say(step, "  %s is left out: %s", record_field(address, "address"),
			         record_field(address, "health"));
	}
}

static void add_addresses(json_t *steps, const json_t *record)
{
	const json_t *answer = json_object_get(record, "answer");
	const char *active = record_field(record, "active");
	json_t *step = step_add(steps, "addresses"), *endpoint, *address;
	size_t i;

	json_array_foreach (answer, i, address) {
		step_say(step, "%s", json_string_value(address) ? json_string_value(address) : "?");
	}
	if (i == 0)
		step_say(step, *active ? "none: lookups fail"
		               : strcmp(record_field(record, "all_down"), "dns") == 0
		                       ? "none: DNS is asked"
		                       : "none: lookups fail");
	json_array_foreach (json_object_get(record, "endpoints"), i, endpoint) {
		if (strcmp(record_field(endpoint, "id"), active) == 0)
			say_left_out(step, endpoint);
	}
}

/*
 * --- all steps -----------------------------------------------------------------------------------
 */

static void decide(json_t *steps, const json_t *status, const json_t *record)
{
	if (json_is_true(json_object_get(status, "isolated")) &&
	    json_is_true(json_object_get(record, "holds")) && !is_rule(record, "forced")) {
		step_decide(steps, "isolation");
		return;
	}
	if (agreement_decides(record)) {
		step_decide(steps, "fleet");
		return;
	}
	for (size_t i = 0; i < sizeof(deciders) / sizeof(deciders[0]); i++)
		if (is_rule(record, deciders[i].rule))
			step_decide(steps, deciders[i].step);
}

json_t *decision_steps(const json_t *status, const json_t *record, time_t now)
{
	json_t *steps = json_array();

	add_override(steps, record, now);
	add_settled(steps, status);
	add_isolation(steps, status);
	add_health(steps, record);
	agreement_add(steps, status, record);
	add_failback(steps, record, now);
	add_all_down(steps, record);
	add_addresses(steps, record);
	connections_add(steps, record);
	decide(steps, status, record);
	return steps;
}
