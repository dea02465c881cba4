#include "monitor/operate_fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "monitor/inside.h"
#include "monitor/monitor.h"
#include "monitor/standing.h"
#include "monitor/view.h"
#include "policy/canary.h"

/* Why the record is not the fleet's; NULL: it is. */
static const char *no_fleet(const struct fleet *fleet, const struct record_config *record)
{
	struct fleet_link link;

	fleet_link(fleet, &link);
	if (link.state == FLEET_OFF)
		return "this host is in no fleet; add fleet to its configuration";
	if (record->rule.scope == BALLOT_LOCAL)
		return "each host decides alone; the record needs scope = \"quorum\" or "
		       "\"unanimous\"";
	return NULL;
}

/* --- the endpoint ----------------------------------------------------------------------------- */

static enum operate_fleet_result check(const struct record *record, const struct standing *standing,
                                       const struct operate_order *order,
                                       char error[OPERATE_ERROR_MAX])
{
	const int endpoint = record_endpoint(record, order->endpoint);

	if (endpoint < 0) {
		view_no_endpoint(record, order->endpoint, error, OPERATE_ERROR_MAX);
		return OPERATE_FLEET_NO_ENDPOINT;
	}
	if (order->anyway || standing->ballot.endpoints[endpoint].health != HEALTH_DOWN)
		return OPERATE_FLEET_SENT;
	snprintf(error, OPERATE_ERROR_MAX,
	         "%s is down for %u of %u hosts of the fleet; \"anyway\" (--anyway) forces it all "
	         "the same",
	         standing->ids[endpoint], standing->ballot.endpoints[endpoint].down,
	         standing->ballot.voters);
	return OPERATE_FLEET_DOWN;
}

/* --- the hosts -------------------------------------------------------------------------------- */

/* The live hosts that have the record; the caller frees the list. */
static struct canary_host *live_hosts(const struct standing *standing, size_t *count)
{
	const size_t all = fleet_host_count(standing->fleet);
	struct canary_host *list = memory_calloc(all ? all : 1, sizeof(*list));
	struct standing_host host;

	*count = 0;
	for (size_t i = 0; i < all; i++) {
		if (standing_host(standing, i, &host))
			list[(*count)++] = (struct canary_host){ .name = host.host.name,
				                                 .site = host.host.site };
	}
	return list;
}

/* "10%" as 10; 0: it is none. */
static unsigned percent_of(const char *text)
{
	char *end;
	const unsigned long percent = strtoul(text, &end, 10);

	return *text >= '1' && *text <= '9' && percent <= 100 && strcmp(end, "%") == 0
	               ? (unsigned)percent
	               : 0;
}

/* The name of the live host that the first `length` bytes of `text` are; NULL: none. */
static const char *live_name(const struct canary_host *list, size_t count, const char *text,
                             size_t length)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(list[i].name) == length && memcmp(list[i].name, text, length) == 0)
			return list[i].name;
	}
	return NULL;
}

static void add_name(struct fleet_order *given, const char **names, const char *name)
{
	for (size_t i = 0; i < given->host_count; i++) {
		if (names[i] == name)
			return;
	}
	names[given->host_count++] = name;
}

/* Returns false with `error` set if one of them is no live host. */
static bool take_names(const struct canary_host *list, size_t count, const char *text,
                       struct fleet_order *given, const char **names, char error[OPERATE_ERROR_MAX])
{
	for (;; text++) {
		const size_t length = strcspn(text, ",");
		const char *name = live_name(list, count, text, length);

		if (!name) {
			snprintf(error, OPERATE_ERROR_MAX,
			         "hosts: \"%.*s\" is no live host of the fleet that has this "
			         "record; give names, or a share of 1%% to 100%%",
			         length < 64 ? (int)length : 64, text);
			return false;
		}
		add_name(given, names, name);
		text += length;
		if (!*text)
			return true;
	}
}

static bool is_good_number(size_t count, char error[OPERATE_ERROR_MAX])
{
	if (count == 0)
		snprintf(error, OPERATE_ERROR_MAX,
		         "hosts: no live host of the fleet is known that has this record");
	if (count > FLEET_ORDER_HOSTS_MAX)
		snprintf(error, OPERATE_ERROR_MAX,
		         "hosts: these are %zu; an order is for %u at most, or for all", count,
		         FLEET_ORDER_HOSTS_MAX);
	return count > 0 && count <= FLEET_ORDER_HOSTS_MAX;
}

static bool choose(const struct standing *standing, const char *hosts, struct fleet_order *given,
                   char error[OPERATE_ERROR_MAX])
{
	const unsigned percent = percent_of(hosts);
	size_t count;
	struct canary_host *list = live_hosts(standing, &count);
	const char **names = memory_calloc(count ? count : 1, sizeof(*names));
	bool good = true;

	given->hosts = names;
	if (percent) {
		given->host_count = canary_choose(list, count, percent, standing->record);
		for (size_t i = 0; i < given->host_count; i++)
			names[i] = list[i].name;
	} else {
		good = take_names(list, count, hosts, given, names, error);
	}
	free(list);
	return good && is_good_number(given->host_count, error);
}

/* --- orders ----------------------------------------------------------------------------------- */

static enum operate_fleet_result give(struct fleet *fleet, const char *record,
                                      const struct operate_order *order, fleet_done *done,
                                      void *arg, struct fleet_order *given,
                                      char error[OPERATE_ERROR_MAX])
{
	const struct fleet_command command = { .record = record,
		                               .endpoint = order->endpoint,
		                               .by = order->by,
		                               .reason = order->reason,
		                               .for_ms = order->for_ms,
		                               .hosts = given->hosts,
		                               .host_count = given->host_count };

	return fleet_order_set(fleet, &command, done, arg, given, error) ? OPERATE_FLEET_SENT
	                                                                 : OPERATE_FLEET_UNSENT;
}

enum operate_fleet_result operate_fleet_force(struct monitor *monitor, size_t index,
                                              const struct operate_order *order, const char *hosts,
                                              fleet_done *done, void *arg,
                                              struct fleet_order *given,
                                              char error[OPERATE_ERROR_MAX])
{
	const struct record_config *record = &monitor_config(monitor)->records[index];
	struct fleet *fleet = monitor_fleet(monitor);
	const char *none = no_fleet(fleet, record);
	enum operate_fleet_result result;
	struct standing standing;

	*given = (struct fleet_order){ .host_count = 0 };
	if (none) {
		snprintf(error, OPERATE_ERROR_MAX, "%s: %s", record->name, none);
		return OPERATE_FLEET_NONE;
	}
	standing_read(&standing, fleet, record);
	result = check(&monitor->roster->records[index], &standing, order, error);
	if (result == OPERATE_FLEET_SENT && hosts && !choose(&standing, hosts, given, error))
		result = OPERATE_FLEET_BAD_HOSTS;
	if (result == OPERATE_FLEET_SENT)
		result = give(fleet, record->name, order, done, arg, given, error);
	if (result != OPERATE_FLEET_SENT)
		free((void *)given->hosts);
	return result;
}

enum operate_fleet_result operate_fleet_auto(struct monitor *monitor, size_t index, const char *by,
                                             fleet_done *done, void *arg,
                                             char error[OPERATE_ERROR_MAX])
{
	const struct record_config *record = &monitor_config(monitor)->records[index];
	struct fleet *fleet = monitor_fleet(monitor);
	const char *none = no_fleet(fleet, record);

	if (none) {
		snprintf(error, OPERATE_ERROR_MAX, "%s: %s", record->name, none);
		return OPERATE_FLEET_NONE;
	}
	return fleet_order_end(fleet, record->name, by, done, arg, error) ? OPERATE_FLEET_SENT
	                                                                  : OPERATE_FLEET_UNSENT;
}

void operate_fleet_forget(struct monitor *monitor, const void *arg)
{
	fleet_order_forget(monitor_fleet(monitor), arg);
}
