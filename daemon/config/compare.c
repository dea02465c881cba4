#include "config/compare.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_source(const struct source *a, const struct source *b)
{
	if (!a->name || !b->name)
		return !a->name && !b->name && address_compare(&a->address, &b->address) == 0;
	return strcasecmp(a->name, b->name) == 0;
}

bool config_compare_sources(const struct endpoint_config *a, const struct endpoint_config *b)
{
	if (a->source_count != b->source_count || a->allow_local != b->allow_local ||
	    a->family != b->family)
		return false;
	for (size_t i = 0; i < a->source_count; i++) {
		if (!same_source(&a->sources[i], &b->sources[i]))
			return false;
	}
	return true;
}

/*
 * Checks with equal keys make equal probes; a check that was only renamed in `checks` is the same.
 */
static bool same_endpoint(const struct endpoint_config *a, const struct endpoint_config *b)
{
	return strcmp(a->id, b->id) == 0 && config_compare_sources(a, b) &&
	       a->min_up == b->min_up &&
	       same_text(a->check ? a->check->key : NULL, b->check ? b->check->key : NULL);
}

static bool same_ports(const struct record_config *a, const struct record_config *b)
{
	return a->port_count == b->port_count &&
	       memcmp(a->ports, b->ports, a->port_count * sizeof(*a->ports)) == 0;
}

static bool same_policy(const struct election_policy *a, const struct election_policy *b)
{
	return a->failback == b->failback && a->failback_delay_ms == b->failback_delay_ms &&
	       a->flap_penalty_ms == b->flap_penalty_ms && a->flap_window_ms == b->flap_window_ms &&
	       a->failback_max_ms == b->failback_max_ms && a->all_down == b->all_down;
}

static bool same_fleet(const struct record_config *a, const struct record_config *b)
{
	return a->rule.scope == b->rule.scope && a->rule.share == b->rule.share &&
	       a->rule.sites == b->rule.sites && a->on_etcd_lost == b->on_etcd_lost &&
	       a->stagger_ms == b->stagger_ms && a->failback_jitter_ms == b->failback_jitter_ms;
}

bool config_compare_record(const struct record_config *a, const struct record_config *b)
{
	if (strcmp(a->name, b->name) != 0 || a->alias_count != b->alias_count ||
	    a->endpoint_count != b->endpoint_count || !same_policy(&a->policy, &b->policy) ||
	    a->isolation != b->isolation || a->connect != b->connect || !same_ports(a, b) ||
	    a->on_leave != b->on_leave || a->on_return != b->on_return || !same_fleet(a, b))
		return false;
	for (size_t i = 0; i < a->alias_count; i++) {
		if (strcmp(a->aliases[i], b->aliases[i]) != 0)
			return false;
	}
	for (size_t i = 0; i < a->endpoint_count; i++) {
		if (!same_endpoint(&a->endpoints[i], &b->endpoints[i]))
			return false;
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct record_config *const *one = a, *const *other = b;

	return strcasecmp((*one)->name, (*other)->name);
}

/* The records sorted by name. The caller frees the array. */
static const struct record_config **sorted(const struct config *config)
{
	const struct record_config **list =
	        memory_calloc(config->record_count + 1, sizeof(struct record_config *));

	for (size_t i = 0; i < config->record_count; i++)
		list[i] = &config->records[i];
	qsort(list, config->record_count, sizeof(*list), by_name);
	return list;
}

void config_compare(const struct config *before, const struct config *after,
                    config_compare_found *found, void *arg)
{
	const struct record_config **old = sorted(before), **new = sorted(after);
	const struct record_config **a = old, **b = new;

	/* Both lists end with NULL. */
	while (*a || *b) {
		int order = !*a ? 1 : !*b ? -1 : strcasecmp((*a)->name, (*b)->name);

		if (order < 0)
			found(arg, *a, NULL);
		else if (order > 0)
			found(arg, NULL, *b);
		else if (!config_compare_record(*a, *b))
			found(arg, *a, *b);
		a += order <= 0;
		b += order >= 0;
	}
	free(old);
	free(new);
}
