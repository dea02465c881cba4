/*
 * The tables in use: the one that new clients get and, for SHUNT_SUPERSEDED_MS after a reload, the one before it. Both have a
 * heartbeat, and each answer is written to both.
 *
 * At a reload: tables_replace() with the new one, tables_publish() for every record, then tables_supersede().
 */
#ifndef SHUNT_PUBLISH_TABLES_H
#define SHUNT_PUBLISH_TABLES_H

#include "base/histogram.h"
#include "publish/publish.h"

struct event;
struct event_base;

struct tables {
	struct publish *current;    /* NULL: none yet */
	struct publish *superseded; /* NULL: none, or no longer */
	struct event *heartbeat;
	uint64_t beat_due_us;  /* CLOCK_MONOTONIC; of the next heartbeat */
	struct histogram late; /* how late they were */
	struct event *forget;  /* the superseded one */
};

void tables_init(struct tables *tables, struct event_base *base);
void tables_free(struct tables *tables);

/* Takes the table over. The one before the last is forgotten at once: its clients attach again at their next lookup anyway. */
void tables_replace(struct tables *tables, struct publish *table);

/* From now on, clients of the table before the current one look for that. */
void tables_supersede(struct tables *tables);

/* Where a record is. */
struct tables_place {
	size_t index; /* in the current table */
	int previous; /* in the superseded one; -1: it is not in it, or what is written does not fit it */
};

/* What the record answers: an endpoint's index, or ELECTION_. */
void tables_publish(const struct tables *tables, struct tables_place place, int answer,
                    const struct publish_endpoint *endpoints, size_t count);

#endif
