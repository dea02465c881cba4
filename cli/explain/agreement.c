#include "explain/agreement.h"

#include <stdio.h>
#include <string.h>

#include "api/record.h"
#include "explain/step.h"

static bool is(const json_t *object, const char *key, const char *word)
{
	return strcmp(record_field(object, key), word) == 0;
}

static const char *plural(long long count)
{
	return count == 1 ? "" : "s";
}

/* "3 hosts vote; an endpoint is down for all if more than 50% say so, at 2 sites or more" */
static void say_rule(json_t *step, const json_t *fleet)
{
	const long long live = record_number(fleet, "live"), sites = record_number(fleet, "sites");
	char share[48] = "all", where[48] = "";

	if (is(fleet, "scope", "quorum"))
		snprintf(share, sizeof(share), "more than %lld%%", record_number(fleet, "share"));
	if (sites > 1)
		snprintf(where, sizeof(where), ", at %lld sites or more", sites);
	step_say(step, "%lld host%s vote%s; an endpoint is down for all if %s say so%s", live,
	         plural(live), live == 1 ? "s" : "", share, where);
}

static void say_votes(json_t *step, const json_t *endpoint)
{
	const long long sites = record_number(endpoint, "sites");
	char where[48] = "";

	if (sites > 0)
		snprintf(where, sizeof(where), " at %lld site%s", sites, plural(sites));
	step_say(step, "  %s %s: down for %lld%s, up for %lld, no verdict on %lld",
	         record_field(endpoint, "endpoint"), record_field(endpoint, "health"),
	         record_number(endpoint, "down"), where, record_number(endpoint, "up"),
	         record_number(endpoint, "unknown"));
}

static void say_agreed(json_t *step, const json_t *fleet, const char *name)
{
	const char *agreed = record_field(fleet, "agreed");
	const long long strays = record_number(fleet, "disagree");

	if (*agreed)
		step_say(step, "%s is agreed", agreed);
	else
		step_say(step, "nothing is agreed");
	if (strays > 0)
		step_say(step, "  %lld host%s answer%s otherwise: 'shunt status --fleet %s'",
		         strays, plural(strays), strays == 1 ? "s" : "", name);
}

static void say_order(json_t *step, const json_t *order)
{
	const json_t *hosts = json_object_get(order, "hosts");
	const char *until = record_field(order, "until"), *reason = record_field(order, "reason");
	const long long count = (long long)json_array_size(hosts);
	char whom[48] = "all hosts";

	if (json_is_array(hosts))
		snprintf(whom, sizeof(whom), "%lld host%s", count, plural(count));
	step_say(step, "an order for %s: %s, by %s since %s%s%s", whom,
	         record_field(order, "endpoint"), record_field(order, "by"),
	         record_field(order, "since"), *reason ? ": " : "", reason);
	step_say(step, "  until %s%s'shunt auto --fleet' ends it%s", until, *until ? "; " : "",
	         *until ? " sooner" : "");
}

/* What this host does while it does not know the votes. */
static void say_mode(json_t *step, const json_t *status, const json_t *fleet)
{
	const json_t *link = json_object_get(status, "fleet");
	const char *error = record_field(link, "error");

	if (is(fleet, "mode", "alone"))
		step_say(step, "this host decides alone, by its own checks");
	else if (is(fleet, "mode", "held"))
		step_say(step, "the answer holds, whatever the checks say");
	else if (is(fleet, "mode", "awaited"))
		step_say(step, "etcd is awaited, for 2s at most: the answer holds");
	if (is(link, "state", "lost"))
		step_say(step, "  etcd is lost since %s%s%s", record_field(link, "since"),
		         *error ? ": " : "", error);
}

void agreement_add(json_t *steps, const json_t *status, const json_t *record)
{
	const json_t *fleet = json_object_get(record, "fleet"), *endpoint, *order;
	json_t *step;
	size_t i;

	if (!json_is_object(fleet))
		return;
	step = step_add(steps, "fleet");
	say_rule(step, fleet);
	json_array_foreach (json_object_get(fleet, "endpoints"), i, endpoint) {
		say_votes(step, endpoint);
	}
	say_agreed(step, fleet, record_field(record, "name"));
	order = json_object_get(fleet, "order");
	if (json_is_object(order))
		say_order(step, order);
	say_mode(step, status, fleet);
}

bool agreement_decides(const json_t *record)
{
	const json_t *fleet = json_object_get(record, "fleet");

	return is(record, "rule", "ordered") ||
	       (json_is_object(fleet) && !is(fleet, "mode", "alone") &&
	        !is(record, "rule", "forced"));
}
