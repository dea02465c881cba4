/*
 * The tables in use: the current one, which new clients get, and for SHUNT_SUPERSEDED_MS after a
 * reload the previous one. Both have a heartbeat, and each answer is written to both.
 *
 * At a reload, call tables_replace() with the new table, tables_publish() for every record, then
 * tables_supersede().
 */
#ifndef SHUNT_PUBLISH_TABLES_H
#define SHUNT_PUBLISH_TABLES_H

#include "base/histogram.h"
#include "publish/publish.h"

struct event;
struct event_base;

struct tables {
	struct publish *current;    /* NULL: none yet */
	struct publish *superseded; /* NULL: none */
	struct event *heartbeat;
	uint64_t beat_due_us;  /* CLOCK_MONOTONIC; time at which the next heartbeat is due */
	struct histogram late; /* how late the heartbeats were */
	struct event *forget;  /* timer that frees the superseded table */
};

void tables_init(struct tables *tables, struct event_base *base);
void tables_free(struct tables *tables);

/*
 * Takes ownership of the table. The table before the current one is freed at once: its clients
 * attach again at their next lookup anyway.
 */
void tables_replace(struct tables *tables, struct publish *table);

/* From now on, clients of the previous table attach to the current one. */
void tables_supersede(struct tables *tables);

/* The position of a record. */
struct tables_place {
	size_t index; /* its index in the current table */
	/*
	 * Its index in the superseded table; -1 if it is not in it, or if its data does not fit it.
	 */
	int previous;
};

/* Writes the answer of a record: an endpoint's index, or an ELECTION_ value. */
void tables_publish(const struct tables *tables, struct tables_place place, int answer,
                    const struct publish_endpoint *endpoints, size_t count);

#endif
