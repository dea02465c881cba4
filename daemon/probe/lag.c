#include "probe/lag.h"

#include <string.h>

#define TICK_US (PROBE_LAG_TICK_MS * 1000u)
/* The two clocks are read one after the other; a real suspension takes longer than this. */
#define SLEEP_NOISE_US 50000u

uint64_t lag_overdue_us(const struct lag *lag, struct lag_now now)
{
	return lag->running && now.us > lag->due_us ? now.us - lag->due_us : 0;
}

static uint64_t slept_by(const struct lag *lag, struct lag_now now)
{
	uint64_t slept = now.sleep_us > lag->sleep_us ? now.sleep_us - lag->sleep_us : 0;

	return slept > SLEEP_NOISE_US ? slept : 0;
}

static void keep_stall(struct lag *lag, struct lag_stall stall)
{
	while (lag->count && lag->stalls[lag->count - 1].late_us <= stall.late_us)
		lag->count--;
	if (lag->count == PROBE_LAG_STALLS) {
		lag->stalls[1].late_us = lag->stalls[0].late_us;
		memmove(lag->stalls, lag->stalls + 1, --lag->count * sizeof(*lag->stalls));
	}
	lag->stalls[lag->count++] = stall;
}

static void observe(struct lag *lag, struct lag_now now)
{
	uint64_t late = lag_overdue_us(lag, now);
	uint64_t slept = slept_by(lag, now);

	if (late)
		keep_stall(lag, (struct lag_stall){ .end_us = now.us, .late_us = late });
	if (slept) {
		lag->resumed_us = now.us;
		lag->slept_us = slept;
	}
	lag->sleep_us = now.sleep_us;
}

void lag_start(struct lag *lag, struct lag_now now)
{
	lag->running = true;
	lag->due_us = now.us + TICK_US;
	lag->sleep_us = now.sleep_us;
}

void lag_tick(struct lag *lag, struct lag_now now)
{
	observe(lag, now);
	lag->due_us = now.us + TICK_US;
}

void lag_stop(struct lag *lag, struct lag_now now)
{
	observe(lag, now);
	lag->running = false;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The part of a stall that fell after `since_us`. */
static uint64_t overlap(uint64_t late_us, uint64_t end_us, uint64_t since_us)
{
	uint64_t after = end_us > since_us ? end_us - since_us : 0;

	return late_us < after ? late_us : after;
}

uint32_t lag_ms(const struct lag *lag, uint64_t since_us, struct lag_now now)
{
	uint64_t late = overlap(lag_overdue_us(lag, now), now.us, since_us);

	for (unsigned i = 0; i < lag->count; i++) {
		const struct lag_stall *stall = &lag->stalls[i];

		late = larger(late, overlap(stall->late_us, stall->end_us, since_us));
	}
	if (lag->running)
		late = larger(late, slept_by(lag, now));
	if (lag->resumed_us > since_us)
		late = larger(late, lag->slept_us);
	late /= 1000;
	return late < UINT32_MAX ? (uint32_t)late : UINT32_MAX;
}
