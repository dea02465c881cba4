#include "fleet/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct fleet {
	struct event_base *base;
	struct fleet_user user;
};

const char *fleet_state_word(enum fleet_state state)
{
	static const char *const words[] = { "off", "joining", "synced", "lost" };

	return words[state];
}

struct fleet *fleet_new(struct event_base *base, const struct fleet_user *user)
{
	struct fleet *fleet = memory_calloc(1, sizeof(*fleet));

	fleet->base = base;
	fleet->user = *user;
	return fleet;
}

void fleet_free(struct fleet *fleet)
{
	free(fleet);
}

void fleet_configure(struct fleet *fleet, const struct config *config)
{
	(void)fleet;
	(void)config;
}

void fleet_link(const struct fleet *fleet, struct fleet_link *link)
{
	(void)fleet;
	*link = (struct fleet_link){ .state = FLEET_OFF };
}

void fleet_vote(struct fleet *fleet, const struct fleet_vote *vote)
{
	(void)fleet;
	(void)vote;
}

void fleet_isolated(struct fleet *fleet, bool isolated)
{
	(void)fleet;
	(void)isolated;
}

void fleet_ballot(const struct fleet *fleet, const char *record, const char *const *ids,
                  size_t count, const struct ballot_rule *rule, struct ballot_result *result)
{
	(void)fleet;
	(void)record;
	(void)ids;
	ballot_count(rule, NULL, 0, count, result);
}

const struct fleet_order *fleet_order(const struct fleet *fleet, const char *record)
{
	(void)fleet;
	(void)record;
	return NULL;
}

static bool refuse(char error[FLEET_ERROR_MAX])
{
	snprintf(error, FLEET_ERROR_MAX,
	         "there is no fleet; write fleet: { ... } into the configuration");
	return false;
}

bool fleet_order_set(struct fleet *fleet, const struct fleet_command *command, fleet_done *done,
                     void *arg, char error[FLEET_ERROR_MAX])
{
	(void)fleet;
	(void)command;
	(void)done;
	(void)arg;
	return refuse(error);
}

bool fleet_order_end(struct fleet *fleet, const char *record, const char *by, fleet_done *done,
                     void *arg, char error[FLEET_ERROR_MAX])
{
	(void)fleet;
	(void)record;
	(void)by;
	(void)done;
	(void)arg;
	return refuse(error);
}

void fleet_order_forget(struct fleet *fleet, const void *arg)
{
	(void)fleet;
	(void)arg;
}

size_t fleet_host_count(const struct fleet *fleet)
{
	(void)fleet;
	return 0;
}

void fleet_host(const struct fleet *fleet, size_t index, struct fleet_host *host)
{
	(void)fleet;
	(void)index;
	*host = (struct fleet_host){ 0 };
}

bool fleet_host_vote(const struct fleet *fleet, size_t index, const char *record,
                     struct fleet_host_vote *vote)
{
	(void)fleet;
	(void)index;
	(void)record;
	(void)vote;
	return false;
}

void fleet_counts(const struct fleet *fleet, struct fleet_counts *counts)
{
	(void)fleet;
	*counts = (struct fleet_counts){ 0 };
}
