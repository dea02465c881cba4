/*
 * Which connections lead elsewhere than where they were meant to go: a pure function of what the
 * records answer.
 *
 * Call plan_record() for every record, in the order of the configuration, then plan_finish(). An
 * address that some record answers now, on that port, is never led away from; of several records with
 * the same address and port the first decides.
 */
#ifndef SHUNT_DOOR_PLAN_H
#define SHUNT_DOOR_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "publish/publish.h"

#include "shunt/door.h"

/* Connections to a place that lead elsewhere, and when it was added. */
struct plan_lead {
	struct shunt_door_change change;
	uint32_t order;
};

/* All zeros is an empty plan. Free it with plan_free(). */
struct plan {
	/* After plan_finish(): sorted by `from`, each once; at most SHUNT_DOOR_ENTRIES_MAX. */
	struct shunt_door_change *changes;
	size_t count;
	/* Until plan_finish(): */
	struct plan_lead *leads;
	size_t lead_count, lead_room;
	struct shunt_door_place *answers; /* the places that answer */
	size_t answer_count, answer_room;
};

struct plan_record {
	const uint16_t *ports; /* host order */
	size_t port_count;
	const struct publish_endpoint *endpoints;
	size_t endpoint_count;
	int answer; /* an endpoint's index, or an ELECTION_ value: then nothing is led anywhere */
};

void plan_record(struct plan *plan, const struct plan_record *record);
void plan_finish(struct plan *plan);
void plan_free(struct plan *plan);

/*
 * What turns the finished plan `before` into `after`; a change that leads to where it comes from ends
 * one. The caller frees the array.
 */
struct shunt_door_change *plan_difference(const struct plan *before, const struct plan *after,
                                          size_t *count);

#endif
