#include "probe/wheel.h"

#include <string.h>

#include "probe/schedule.h"

static unsigned slot_of(uint64_t tick)
{
	return (unsigned)(tick % WHEEL_SLOTS);
}

void wheel_init(struct wheel *wheel, uint64_t now_us)
{
	memset(wheel, 0, sizeof(*wheel));
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		LIST_INIT(&wheel->slots[i]);
	wheel->tick = now_us / PROBE_GRID_US;
}

void wheel_remove(struct wheel *wheel, struct wheel_item *item)
{
	unsigned slot = slot_of(item->tick);

	if (!item->tick)
		return;
	LIST_REMOVE(item, link);
	if (LIST_EMPTY(&wheel->slots[slot]))
		wheel->occupied[slot / 64] &= ~(UINT64_C(1) << slot % 64);
	item->tick = 0;
	wheel->count--;
}

void wheel_add(struct wheel *wheel, struct wheel_item *item, uint64_t due_us)
{
	uint64_t tick = due_us / PROBE_GRID_US + (due_us % PROBE_GRID_US > 0);
	unsigned slot;

	wheel_remove(wheel, item);
	item->tick = tick > wheel->tick ? tick : wheel->tick + 1;
	slot = slot_of(item->tick);
	LIST_INSERT_HEAD(&wheel->slots[slot], item, link);
	wheel->occupied[slot / 64] |= UINT64_C(1) << slot % 64;
	wheel->count++;
}

/* The first tick after `tick` whose slot is not empty, within one turn; the wheel is not empty. */
static uint64_t next_occupied(const struct wheel *wheel, uint64_t tick)
{
	for (uint64_t passed = 1; passed <= WHEEL_SLOTS;) {
		unsigned slot = slot_of(tick + passed);
		uint64_t bits = wheel->occupied[slot / 64] >> slot % 64;

		if (bits)
			return tick + passed + (uint64_t)__builtin_ctzll(bits);
		passed += 64 - slot % 64;
	}
	return tick + WHEEL_SLOTS;
}

struct wheel_item *wheel_take(struct wheel *wheel, uint64_t now_us)
{
	uint64_t now = now_us / PROBE_GRID_US;

	while (wheel->count > 0 && wheel->tick < now) {
		uint64_t next = next_occupied(wheel, wheel->tick);
		struct wheel_item *item;

		if (next > now)
			break;
		LIST_FOREACH(item, &wheel->slots[slot_of(next)], link)
		{
			if (item->tick <= now) {
				wheel_remove(wheel, item);
				return item;
			}
		}
		wheel->tick = next;
	}
	if (wheel->tick < now)
		wheel->tick = now;
	return NULL;
}

bool wheel_next_us(const struct wheel *wheel, uint64_t *due_us)
{
	if (wheel->count == 0)
		return false;
	*due_us = next_occupied(wheel, wheel->tick) * PROBE_GRID_US;
	return true;
}
