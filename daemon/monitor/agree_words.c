#include "monitor/agree_words.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/moment.h"
#include "roster/record.h"

const char *agree_words_mode(const struct record *record)
{
	static const char *const words[] = { [AGREEMENT_ALONE] = "alone",
		                             [AGREEMENT_AWAITED] = "awaited",
		                             [AGREEMENT_HELD] = "held",
		                             [AGREEMENT_AGREED] = "agreed" };

	return words[record->decided.agreement->mode];
}

static const char *noun(unsigned count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

/* "(more than 50%)", "(all of them)" */
static void say_rule(const struct ballot_rule *rule, char *text, size_t size)
{
	size_t used;

	if (rule->scope == BALLOT_UNANIMOUS)
		used = (size_t)snprintf(text, size, "all of them");
	else
		used = (size_t)snprintf(text, size, "more than %u%%", rule->share);
	if (rule->sites > 1)
		snprintf(text + used, size - used, ", at %u sites or more", rule->sites);
}

bool agree_words_endpoint(const struct record *record, size_t index, char *text, size_t size)
{
	const struct agreement *agreement = record->decided.agreement;
	const struct ballot_endpoint *endpoint;
	const char *id = record->config->endpoints[index].id;
	char rule[64];

	if (!agreement || agreement->mode != AGREEMENT_AGREED || !agreement->result.voters)
		return false;
	endpoint = &agreement->result.endpoints[index];
	say_rule(&record->config->rule, rule, sizeof(rule));
	if (endpoint->down > 0)
		snprintf(text, size, "%s is %s: down for %u of %u %s at %u %s (down needs %s)", id,
		         health_word(endpoint->health), endpoint->down, agreement->result.voters,
		         noun(agreement->result.voters, "host", "hosts"), endpoint->down_sites,
		         noun(endpoint->down_sites, "site", "sites"), rule);
	else if (endpoint->up > 0)
		snprintf(text, size, "%s is up for %u of %u %s", id, endpoint->up,
		         agreement->result.voters, noun(agreement->result.voters, "host", "hosts"));
	else
		snprintf(text, size, "%s has no verdict on any of %u %s yet", id,
		         agreement->result.voters, noun(agreement->result.voters, "host", "hosts"));
	return true;
}

void agree_words_of(const struct fleet_order *order, char *text, size_t size)
{
	char moment[MOMENT_TEXT_MAX];
	const char *until = order->until ? moment_format(order->until, moment) : NULL;

	snprintf(text, size, "by %s%s%s%s%s", order->by, until ? " until " : "", until ? until : "",
	         order->reason[0] ? ": " : "", order->reason);
}

void agree_words_order(const struct record *record, char *text, size_t size)
{
	const struct fleet_order *order = &record->decided.agreement->order;
	const int used = snprintf(text, size, "forced for the fleet to %s ", order->endpoint);

	agree_words_of(order, text + used, size - (size_t)used);
}

static void say_lost(const struct agreement *agreement, char *text, size_t size)
{
	char moment[MOMENT_TEXT_MAX];

	const char *what =
	        agreement->mode == AGREEMENT_HELD ? "the answer holds" : "this host decides alone";

	if (agreement->lost_since)
		snprintf(text, size, "; etcd is lost since %s: %s",
		         moment_format(agreement->lost_since, moment), what);
	else if (agreement->voteless_ms)
		snprintf(text, size, "; no host has a vote: %s", what);
}

void agree_words_add(const struct record *record, char *text, size_t size)
{
	const struct agreement *agreement = record->decided.agreement;
	const size_t used = strlen(text);
	const uint64_t now_ms = clock_ms();

	if (!agreement)
		return;
	text += used;
	size -= used;
	if (agreement->mode == AGREEMENT_AWAITED)
		snprintf(text, size, "; etcd is awaited");
	else if (agreement->mode != AGREEMENT_AGREED)
		say_lost(agreement, text, size);
	else if (!agreement->result.voters)
		snprintf(text, size, "; no host has a vote yet");
	else if (agreement->next != BALLOT_NONE)
		snprintf(text, size, "; the fleet is back on %s, and this host follows in %llu s",
		         record->config->endpoints[agreement->next].id,
		         (unsigned long long)(agreement->follow_ms > now_ms
		                                      ? (agreement->follow_ms - now_ms + 999) / 1000
		                                      : 0));
}
