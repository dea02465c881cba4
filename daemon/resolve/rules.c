#include "resolve/rules.h"

#include <string.h>

uint32_t resolve_ttl_ms(int ttl)
{
	if (ttl < (int)(RESOLVE_TTL_MIN_MS / 1000))
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

/* One line of resolv.conf(5), as libc reads it: the keyword at its start, then blanks, then the address. */
static bool parse_server(const char *line, size_t length, struct resolver_address *server)
{
	static const char keyword[] = "nameserver";
	char text[ADDRESS_TEXT_MAX];
	size_t skip = sizeof(keyword) - 1;

	if (length <= skip || memcmp(line, keyword, skip) != 0 || !strchr(" \t", line[skip]))
		return false;
	skip += strspn(line + skip, " \t");
	length = strcspn(line + skip, " \t\r\n;#");
	if (length == 0 || length >= sizeof(text))
		return false;
	memcpy(text, line + skip, length);
	text[length] = '\0';
	server->port = 53;
	return address_parse(text, &server->address);
}

size_t resolve_parse_servers(const char *text, struct resolver_address *servers, size_t room)
{
	size_t count = 0;

	while (*text && count < room) {
		size_t length = strcspn(text, "\n");

		count += parse_server(text, length, &servers[count]);
		text += length + (text[length] == '\n');
	}
	if (count > 0)
		return count;
	servers[0].port = 53;
	address_parse("127.0.0.1", &servers[0].address);
	return 1;
}

struct resolve_stamp resolve_stamp(const struct stat *status)
{
	struct resolve_stamp stamp = { 0 };

	if (!S_ISREG(status->st_mode))
		return stamp;
	stamp.device = status->st_dev;
	stamp.inode = status->st_ino;
	stamp.size = status->st_size;
	stamp.modified = status->st_mtim;
	stamp.changed = status->st_ctim;
	return stamp;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool resolve_stamp_equal(const struct resolve_stamp *a, const struct resolve_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(&a->modified, &b->modified) && same_time(&a->changed, &b->changed);
}
