/* Words for what several hosts have agreed upon about a record, and for their orders. */
#ifndef SHUNT_MONITOR_AGREE_WORDS_H
#define SHUNT_MONITOR_AGREE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct fleet_order;
struct record;

/* "agreed", "awaited", "held", "alone" */
const char *agree_words_mode(const struct record *record);

/*
 * "primary is down for 7 of 9 hosts at 3 sites (more than 50%)". Returns false, with nothing written, for
 * a record whose answer does not come from votes.
 */
bool agree_words_endpoint(const struct record *record, size_t endpoint, char *text, size_t size);

/* "forced for the fleet to secondary by root@db-7 until 2026-11-25T05:00:00Z: maintenance" */
void agree_words_order(const struct record *record, char *text, size_t size);

/* Adds what else matters for the answer to the text: that etcd is lost, or that a move waits. */
void agree_words_add(const struct record *record, char *text, size_t size);

/* "by root@db-7 until 2026-11-25T05:00:00Z: maintenance" */
void agree_words_of(const struct fleet_order *order, char *text, size_t size);

#endif
