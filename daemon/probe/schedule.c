#include "probe/schedule.h"

#include <string.h>

#define IN_FLIGHT_MAX 4096u
/* The connection, and a reserve for what libcurl opens in addition. */
#define DESCRIPTORS_PER_PROBE 2u
#define TOLERANCE_MIN_MS 50u
#define TOLERANCE_MAX_MS 1000u

/* FNV-1a, 32 bits. */
static uint32_t hash_bytes(uint32_t hash, const void *bytes, size_t length)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ byte[i]) * 16777619u;
	return hash;
}

/* MurmurHash3's finalizer: spreads adjacent numbers far apart. */
static uint32_t mix(uint32_t hash)
{
	hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
	hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
	return hash ^ (hash >> 16);
}

uint32_t probe_schedule_hash(const struct check *check, const struct address *address,
                             const char *host)
{
	uint32_t hash = mix((uint32_t)check->type << 16 | check->port);

	hash = mix(hash ^ address->scope_id);
	hash = hash_bytes(hash, address->byte, sizeof(address->byte));
	hash = hash_bytes(hash, host, strlen(host) + 1);
	if (check->path)
		hash = hash_bytes(hash, check->path, strlen(check->path));
	return mix(hash);
}

unsigned probe_schedule_in_flight(uint64_t descriptors)
{
	uint64_t half = descriptors / 2 / DESCRIPTORS_PER_PROBE;

	if (half < 1)
		return 1;
	return half < IN_FLIGHT_MAX ? (unsigned)half : IN_FLIGHT_MAX;
}

uint64_t probe_schedule_first_us(uint32_t hash, uint64_t made, uint32_t interval_ms)
{
	uint32_t spread = interval_ms < PROBE_SPREAD_MS ? interval_ms : PROBE_SPREAD_MS;

	if (made < PROBE_AT_ONCE)
		return 0;
	return (uint64_t)hash * spread * 1000 >> 32;
}

static uint64_t grid_us(uint32_t delay_ms)
{
	uint64_t steps = (uint64_t)delay_ms * 20 / PROBE_GRID_US;

	if (steps < 1)
		steps = 1;
	return PROBE_GRID_US * (steps < PROBE_GRID_MOST ? steps : PROBE_GRID_MOST);
}

uint64_t probe_schedule_next_us(uint32_t hash, uint32_t attempt, uint64_t started_us,
                                uint32_t delay_ms, uint64_t now_us)
{
	uint64_t range = (uint64_t)delay_ms * 1000 * PROBE_JITTER_PERCENT / 100;
	uint64_t jitter = (2 * range + 1) * (mix(hash + attempt) >> 16) >> 16;
	uint64_t grid = grid_us(delay_ms);
	uint64_t due = started_us + (uint64_t)delay_ms * 1000 - range + jitter + grid / 2;

	due -= due % grid;
	return due > now_us ? due : now_us;
}

uint32_t probe_schedule_delay_ms(const struct check *check, const struct health *health)
{
	if (health_in_doubt(health) || health->state == HEALTH_UNKNOWN)
		return check->fast_interval;
	return health->state == HEALTH_DOWN ? check->down_interval : check->interval;
}

uint32_t probe_schedule_tolerance_ms(uint32_t timeout_ms)
{
	uint32_t quarter = timeout_ms / 4;

	if (quarter < TOLERANCE_MIN_MS)
		return TOLERANCE_MIN_MS;
	return quarter > TOLERANCE_MAX_MS ? TOLERANCE_MAX_MS : quarter;
}

enum verdict probe_schedule_verdict(enum verdict verdict, enum probe_cause cause,
                                    uint32_t timeout_ms, uint32_t late_ms)
{
	uint32_t tolerance = cause == PROBE_TIMED_OUT ? probe_schedule_tolerance_ms(timeout_ms)
	                                              : TOLERANCE_MAX_MS;

	if (verdict == VERDICT_FAIL && late_ms > tolerance)
		return VERDICT_NONE;
	return verdict;
}
