/*
 * The live hosts of the fleet and their votes, as the keys say. Filled by the session in the loop's
 * thread; what a key of this host's own name says counts like any other.
 */
#ifndef SHUNT_FLEET_HOSTS_H
#define SHUNT_FLEET_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fleet/value.h"
#include "policy/ballot.h"

#define HOSTS_MAX 20000u /* those beyond are ignored */

struct hosts_host {
	char name[FLEET_NAME_MAX + 1];
	struct value_host *value; /* owned */
	unsigned site;            /* index of its site in `sites` */
	bool seen;                /* since hosts_begin() */
};

struct hosts {
	struct hosts_host **list; /* sorted by name */
	size_t count, room;
	char (*sites)[FLEET_NAME_MAX + 1]; /* those of all hosts, and of hosts that were */
	size_t site_count;
	/* Called for each record on which a host's vote has changed, come or gone. */
	void (*changed)(void *arg, const char *record);
	void *arg;
};

void hosts_free(struct hosts *hosts);

/* Takes ownership of `value`. Returns false, and frees it, if there are too many hosts or sites. */
bool hosts_put(struct hosts *hosts, const char *name, struct value_host *value);
void hosts_remove(struct hosts *hosts, const char *name);

/* All keys are read again: hosts_end() removes those that hosts_put() has not been called for since. */
void hosts_begin(struct hosts *hosts);
void hosts_end(struct hosts *hosts);

/* As fleet_ballot(). */
void hosts_ballot(const struct hosts *hosts, const char *record, const char *const *ids,
                  size_t count, const struct ballot_rule *rule, struct ballot_result *result);

#endif
