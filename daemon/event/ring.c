#include "event/ring.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/log.h"
#include "event/item.h"

static struct event_item *kept[EVENT_KEPT]; /* by number */
static uint64_t last, bytes;

void event_ring_add(struct event_item *item)
{
	struct event_item **place = &kept[++last % EVENT_KEPT];

	bytes += item->length;
	item->end = bytes;
	if (*place)
		event_release(*place);
	*place = event_hold(item);
}

uint64_t event_ring_last(void)
{
	return last;
}

uint64_t event_ring_first(void)
{
	return last < EVENT_KEPT ? 1 : last - EVENT_KEPT + 1;
}

struct event_item *event_ring_get(uint64_t seq)
{
	return seq >= event_ring_first() && seq <= last ? kept[seq % EVENT_KEPT] : NULL;
}

uint64_t event_ring_bytes(void)
{
	return bytes;
}

const char *event_ring_boot(void)
{
	static char boot[EVENT_BOOT_MAX];
	uint64_t number;

	if (*boot)
		return boot;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		log_fatal("no random number to identify this run of the daemon");
	snprintf(boot, sizeof(boot), "%016llx", (unsigned long long)number);
	return boot;
}
