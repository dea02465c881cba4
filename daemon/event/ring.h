/* The most recent events, for clients that connect later. */
#ifndef SHUNT_EVENT_RING_H
#define SHUNT_EVENT_RING_H

#include <stdint.h>

#define EVENT_KEPT 1000u

struct event_item;

/*
 * Adds the next event, whose `seq` is event_ring_last() + 1. Sets its `end`, holds it, and releases
 * the oldest one.
 */
void event_ring_add(struct event_item *item);

/* The number of the last event; 0 if there was none. */
uint64_t event_ring_last(void);

/* The number of the oldest event kept; event_ring_last() + 1 if none is. */
uint64_t event_ring_first(void);

/* Returns NULL if the event is no longer kept, or has not occurred yet. */
struct event_item *event_ring_get(uint64_t seq);

/* The total size in bytes of all JSON lines so far. */
uint64_t event_ring_bytes(void);

#define EVENT_BOOT_MAX 17 /* 16 hexadecimal digits */

/* Identifies this run of the daemon: event numbers are valid within one run only. */
const char *event_ring_boot(void);

#endif
