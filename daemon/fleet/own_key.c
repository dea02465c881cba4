#include "fleet/own_key.h"

#define MET_MAX 10u

void own_key_unknown(struct own_key *own)
{
	own->holder = OWN_KEY_NOBODY;
	own->revision = 0;
}

void own_key_seen(struct own_key *own, const struct reply_key *key, bool mine, uint64_t now_ms)
{
	own->met = 0;
	own->revision = key->revision;
	own->lease = key->lease;
	if (key->deleted)
		own->holder = OWN_KEY_NOBODY;
	else
		own->holder = mine ? OWN_KEY_SELF : OWN_KEY_OTHER;
	if (own->holder != OWN_KEY_OTHER)
		own->other_ms = 0;
	else if (own->other_ms == 0)
		own->other_ms = now_ms;
}

bool own_key_wants_write(const struct own_key *own, uint64_t lease)
{
	return own->holder != OWN_KEY_OTHER &&
	       (own->dirty || own->holder == OWN_KEY_NOBODY || own->lease != lease);
}

uint64_t own_key_basis(const struct own_key *own)
{
	return own->holder == OWN_KEY_NOBODY ? 0 : own->revision;
}

void own_key_written(struct own_key *own, uint64_t revision, uint64_t lease)
{
	own->met = 0;
	own->holder = OWN_KEY_SELF;
	own->revision = revision;
	own->lease = lease;
}

bool own_key_met_another(struct own_key *own)
{
	own->dirty = true;
	if (++own->met < MET_MAX)
		return false;
	own->met = 0;
	return true;
}

bool own_key_is_taken(const struct own_key *own, uint64_t now_ms, uint32_t lease_s)
{
	return own->other_ms && now_ms - own->other_ms > (uint64_t)lease_s * 1500;
}
