/*
 * Open connections to what a record has left: decides with policy/reset which are reset, and when,
 * and has `reset` do it.
 *
 * decide calls leave_observe() after each election. Whatever was left is looked at a moment later:
 * records that share an endpoint leave it one after another, and what one of them still answers
 * with is not reset. What has to wait (this host is isolated, another record answers with it) is
 * looked at again whenever an answer changes.
 */
#ifndef SHUNT_MONITOR_LEAVE_H
#define SHUNT_MONITOR_LEAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct event_base;
struct host_fault;
struct record;
struct reset;
struct roster;

struct leaves {
	struct event *look; /* NULL: connections are never reset (tests without `reset`) */
	struct roster *const *roster;
	const struct host_fault *host_fault;
	struct reset *reset;
	bool pending; /* a member of some record is marked */
};

/* `roster`: where the monitor has its present one. `reset` may be NULL. */
void leaves_init(struct leaves *leaves, struct event_base *base, struct roster *const *roster,
                 const struct host_fault *host_fault, struct reset *reset);
void leaves_free(struct leaves *leaves);

/*
 * `from`: the index of the endpoint that answered before the election, or an ELECTION_ value.
 * `settled`: what is decided now is not provisional.
 */
void leave_observe(struct leaves *leaves, struct record *record, int from, bool settled);

enum leave_ordered {
	LEAVE_ORDERED,
	LEAVE_ANSWERS,  /* the endpoint answers for the record: programs would come back to it */
	LEAVE_NO_PORT,  /* no port of the record is known */
	LEAVE_ISOLATED, /* nothing beyond this host answers */
	LEAVE_SHARED,   /* other records answer with all of its addresses */
	LEAVE_NONE      /* the endpoint has no address */
};

/* What an operator's order leaves out. */
struct leave_kept {
	const struct record *record; /* answers with the address */
	size_t address;              /* index of the endpoint's member */
};

/*
 * An operator's order, whatever on_leave says: `*number` is that of the order. With `dry_run` the
 * connections are only counted. `kept` has room for SHUNT_ADDRESSES_MAX.
 */
enum leave_ordered leave_order(const struct leaves *leaves, const struct record *record,
                               size_t endpoint, bool dry_run, uint64_t *number,
                               struct leave_kept *kept, size_t *kept_count);

#endif
