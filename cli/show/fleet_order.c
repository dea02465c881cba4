#include "show/fleet_order.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/ask.h"
#include "api/record.h"
#include "base/cli.h"
#include "base/clock.h"
#include "base/human.h"

#define PAUSE_NS 50000000L /* 50 ms between two polls */
#define WAIT_MS 3000u      /* hosts that can follow do so within a second */

/* --- who follows ------------------------------------------------------------------------------ */

/* The one record that was asked for. */
static const json_t *record_of(const json_t *fleet)
{
	return json_array_get(json_object_get(fleet, "records"), 0);
}

/* `hosts`: names; null, all are meant. */
static bool is_meant(const json_t *hosts, const char *name)
{
	const json_t *one;
	size_t i;

	if (!json_is_array(hosts))
		return true;
	json_array_foreach (hosts, i, one) {
		if (strcmp(json_string_value(one) ? json_string_value(one) : "", name) == 0)
			return true;
	}
	return false;
}

static bool follows(const json_t *vote)
{
	return json_is_true(json_object_get(vote, "follows"));
}

/* Of the live hosts that are meant, those that follow; `*meant`: how many are meant. */
static size_t count_following(const json_t *fleet, const json_t *hosts, size_t *meant)
{
	json_t *votes = json_object_get(record_of(fleet), "hosts"), *vote;
	const char *name;
	size_t count = 0;

	*meant = 0;
	json_object_foreach(votes, name, vote)
	{
		if (!is_meant(hosts, name))
			continue;
		*meant += 1;
		count += follows(vote);
	}
	return count;
}

/* When it was given is not compared: the host that asks and etcd need not have the same second. */
static bool is_same(const json_t *one, const json_t *other)
{
	static const char *const keys[] = { "endpoint", "by", "reason", "hosts" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *value = json_object_get(other, keys[i]);

		if (json_object_get(one, keys[i]) != value &&
		    !json_equal(json_object_get(one, keys[i]), value))
			return false;
	}
	return true;
}

bool fleet_order_is_followed(const json_t *fleet, const json_t *order)
{
	size_t meant;

	return is_same(json_object_get(record_of(fleet), "order"), order) &&
	       count_following(fleet, json_object_get(order, "hosts"), &meant) == meant;
}

/* The view of the fleet once all follow, or after WAIT_MS; NULL: an error was printed. */
static json_t *wait_for(const char *control, const char *name, const json_t *order)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	const uint64_t end = clock_ms() + WAIT_MS;
	json_t *fleet;

	for (;;) {
		if (ask_fleet(control, name, &fleet) != CLI_DONE)
			return NULL;
		if (fleet_order_is_followed(fleet, order) || clock_ms() >= end)
			return fleet;
		json_decref(fleet);
		nanosleep(&pause, NULL);
	}
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_line(char *line)
{
	if (line)
		puts(human_printable(line));
	free(line);
}

/* "db.example.com: secondary until 2026-…: maintenance", or that the votes decide. */
static void print_order(const json_t *answer, const json_t *fleet)
{
	const json_t *order = json_object_get(answer, "order");
	const char *name = record_field(answer, "name"), *reason = record_field(order, "reason");
	const char *until = record_field(order, "until"),
	           *agreed = record_field(record_of(fleet), "agreed");
	char *line;
	int length;

	if (json_is_object(order))
		length = asprintf(&line, "%s: %s for the fleet%s%s%s%s", name,
		                  record_field(order, "endpoint"), *until ? " until " : "", until,
		                  *reason ? ": " : "", reason);
	else
		length = asprintf(&line, "%s: the votes of the fleet decide%s%s", name,
		                  *agreed ? ": " : "", agreed);
	print_line(length < 0 ? NULL : line);
}

/* A drill names its hosts; whoever does not follow is named in any case. */
static void print_hosts(const json_t *fleet, const json_t *hosts)
{
	const json_t *votes = json_object_get(record_of(fleet), "hosts"), *host;
	char *line;
	size_t i;

	json_array_foreach (json_object_get(fleet, "hosts"), i, host) {
		const char *name = record_field(host, "name"), *site = record_field(host, "site");
		const json_t *vote = json_object_get(votes, name);
		const char *answers = record_field(vote, "answers");

		if (!vote || !is_meant(hosts, name))
			continue;
		if (json_is_array(hosts) && asprintf(&line, "  %s at %s", name, site) >= 0)
			print_line(line);
		if (!follows(vote))
			cli_error("%s at %s does not follow yet: it answers %s", name, site,
			          *answers ? answers : "with nothing");
	}
}

static int print(const json_t *answer, const json_t *fleet)
{
	const json_t *order = json_object_get(answer, "order");
	const json_t *hosts = json_object_get(order, "hosts");
	size_t meant, following = count_following(fleet, hosts, &meant);

	print_order(answer, fleet);
	print_hosts(fleet, hosts);
	printf("%zu of %zu host%s answer%s so\n", following, meant, meant == 1 ? "" : "s",
	       meant == 1 ? "s" : "");
	return cli_finish(fleet_order_is_followed(fleet, order) ? CLI_DONE : CLI_UNREACHABLE);
}

int fleet_order_send(const char *control, const char *name, const char *behind, json_t *body,
                     const char *words)
{
	json_t *answer, *fleet;
	int result = ask_order(control, name, behind, body, words, &answer);

	if (result != CLI_DONE)
		return result;
	result = CLI_UNREACHABLE;
	fleet = wait_for(control, name, json_object_get(answer, "order"));
	if (fleet)
		result = print(answer, fleet);
	json_decref(fleet);
	json_decref(answer);
	return result;
}
