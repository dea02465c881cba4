/*
 * What is known of this host's own key, and whether it is to be written. Decisions alone: the session
 * asks etcd, and says what it answered.
 */
#ifndef SHUNT_FLEET_OWN_KEY_H
#define SHUNT_FLEET_OWN_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "fleet/reply.h"

enum own_key_holder {
	OWN_KEY_NOBODY, /* the key does not exist */
	OWN_KEY_SELF,
	OWN_KEY_OTHER /* a host of the same name, or a former run of this one */
};

struct own_key {
	enum own_key_holder holder;
	uint64_t revision, lease; /* of the last write that is known */
	uint64_t other_ms;        /* time since which another holds it; 0: none does */
	bool dirty;               /* what is to be written has changed since the last write */
	unsigned met;             /* writes in turn that met another, of which no change has told */
};

/* All keys are about to be read: what stands there is not known. */
void own_key_unknown(struct own_key *own);

/* `mine`: this run has written that value. */
void own_key_seen(struct own_key *own, const struct reply_key *key, bool mine, uint64_t now_ms);

bool own_key_wants_write(const struct own_key *own, uint64_t lease);

/* The revision that a write has to find; 0: no key. */
uint64_t own_key_basis(const struct own_key *own);

void own_key_written(struct own_key *own, uint64_t revision, uint64_t lease);

/*
 * A write found another revision: somebody else has written the key, of which the changes will tell.
 * Returns true if they should have told by now, so that all keys have to be read.
 */
bool own_key_met_another(struct own_key *own);

/* The key of a run of this host that has just ended stands as long as its lease, of `lease_s`. */
bool own_key_is_taken(const struct own_key *own, uint64_t now_ms, uint32_t lease_s);

#endif
