#include "resolve/rules.h"

#include <string.h>

uint32_t resolve_ttl_ms(int ttl)
{
	if (ttl < (int)(RESOLVE_TTL_MIN_MS / 1000) || ttl == INT32_MAX)
		return RESOLVE_TTL_MIN_MS;
	if (ttl > (int)(RESOLVE_TTL_MAX_MS / 1000))
		return RESOLVE_TTL_MAX_MS;
	return (uint32_t)ttl * 1000;
}

uint32_t resolve_early_ms(uint32_t ms, uint32_t random)
{
	return ms - (uint32_t)((uint64_t)ms * (random % 1001) / 10000);
}

uint32_t resolve_backoff_ms(unsigned failures, uint32_t limit)
{
	uint64_t ms = (uint64_t)RESOLVE_RETRY_MIN_MS << (failures < 16 ? failures : 16);

	return ms < limit ? (uint32_t)ms : limit;
}

uint32_t resolve_outage_ms(size_t stalled, bool silent)
{
	uint32_t least = silent ? RESOLVE_RETRY_MIN_MS / 2 : RESOLVE_RETRY_MIN_MS;

	if (stalled >= RESOLVE_RETRY_MAX_MS / 10)
		return RESOLVE_RETRY_MAX_MS;
	return stalled * 10 > least ? (uint32_t)stalled * 10 : least;
}

bool resolve_insert(struct address *set, size_t *count, size_t room, const struct address *address)
{
	size_t place = 0;
	bool fits = *count < room;

	while (place < *count && address_compare(&set[place], address) < 0)
		place++;
	if (place < *count && address_compare(&set[place], address) == 0)
		return true;
	if (place == room)
		return false;
	memmove(&set[place + 1], &set[place], (*count - place - !fits) * sizeof(*set));
	set[place] = *address;
	*count += fits;
	return fits;
}

bool resolve_is_localhost(const char *name)
{
	static const char word[] = "localhost";
	size_t length = strlen(name), size = sizeof(word) - 1;

	length -= length > 0 && name[length - 1] == '.';
	if (length < size || memcmp(name + length - size, word, size) != 0)
		return false;
	return length == size || name[length - size - 1] == '.';
}
