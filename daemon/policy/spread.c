#include "policy/spread.h"

/* FNV-1a, 32 bits, and at last the finalizer of MurmurHash3, since texts that differ in the last byte alone stay close in it. */
static uint32_t add(uint32_t hash, const char *text)
{
	for (; *text; text++) {
		const unsigned char byte = (unsigned char)*text;

		hash = (hash ^ (byte >= 'A' && byte <= 'Z' ? byte + 32u : byte)) * 16777619u;
	}
	return (hash ^ '\n') * 16777619u;
}

static uint32_t mix(uint32_t hash)
{
	hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
	hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
	return hash ^ (hash >> 16);
}

uint32_t spread_hash(const char *host, const char *record)
{
	return mix(add(add(2166136261u, host), record));
}

uint32_t spread_point_ms(const char *host, const char *record, uint32_t span_ms)
{
	return (uint32_t)((uint64_t)spread_hash(host, record) * span_ms >> 32);
}
