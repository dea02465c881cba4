/* The last events, for readers that connect later. */
#ifndef SHUNT_EVENT_RING_H
#define SHUNT_EVENT_RING_H

#include <stdint.h>

#define EVENT_KEPT 1000u

struct event_item;

/* Adds the next event, whose `seq` is event_ring_last() + 1. Sets its `end`, holds it, and releases the oldest. */
void event_ring_add(struct event_item *item);

/* The last event's number; 0: there was none. */
uint64_t event_ring_last(void);

/* The number of the oldest that is kept; event_ring_last() + 1 when none is. */
uint64_t event_ring_first(void);

/* NULL: it is not kept, or not there yet. */
struct event_item *event_ring_get(uint64_t seq);

/* How many bytes all lines of JSON so far have. */
uint64_t event_ring_bytes(void);

#define EVENT_BOOT_MAX 17 /* 16 hexadecimal digits */

/* Names this run of the daemon: event numbers mean something within one run only. */
const char *event_ring_boot(void);

#endif
