#include "answer/hostent.h"

#include <netinet/in.h>
#include <stdalign.h>
#include <string.h>

#include "answer/family.h"
#include "lookup/lookup.h"

/* The rest of the caller's buffer. */
struct room {
	char *at;
	size_t left;
};

/* NULL: the buffer is too small. */
static void *take(struct room *room, size_t size, size_t alignment)
{
	size_t pad = -(uintptr_t)room->at % alignment;
	char *taken = room->at + pad;

	if (room->left < pad || room->left - pad < size)
		return NULL;
	room->at = taken + size;
	room->left -= pad + size;
	return taken;
}

static char *put_text(struct room *room, const char *text)
{
	size_t size = strlen(text) + 1;
	char *put = take(room, size, 1);

	return put ? memcpy(put, text, size) : NULL;
}

static const struct shunt_address *as_family(const struct shunt_address *address, int family,
                                             struct shunt_address *made)
{
	if (family == AF_INET)
		return family_as_ipv4(address, made);
	return family == AF_INET6 && address->family == SHUNT_FAMILY_IPV6 ? address : NULL;
}

static bool put_addresses(struct room *room, const struct table_answer *answer, struct hostent *out)
{
	char **list = take(room, (answer->count + 1) * sizeof(*list), alignof(char *));
	const struct shunt_address *address;
	struct shunt_address made;

	out->h_addr_list = list;
	if (!list)
		return false;
	for (uint32_t i = 0; i < answer->count; i++) {
		address = as_family(&answer->addresses[i], out->h_addrtype, &made);
		if (!address)
			continue;
		*list = take(room, (size_t)out->h_length, alignof(uint32_t));
		if (!*list)
			return false;
		memcpy(*list++, address->word, (size_t)out->h_length);
	}
	*list = NULL;
	return true;
}

/*
 * The table may be replaced between the two passes, so at most as many are listed as were counted.
 */
static bool put_aliases(struct room *room, const char *asked, struct hostent *out)
{
	char alias[TABLE_NAME_SIZE];
	uint32_t count = 0, i;

	while (asked && count < room->left / sizeof(char *) && lookup_alias(asked, count, alias))
		count++;
	out->h_aliases = take(room, (count + 1) * sizeof(char *), alignof(char *));
	if (!out->h_aliases)
		return false;
	for (i = 0; i < count && lookup_alias(asked, i, alias); i++) {
		out->h_aliases[i] = put_text(room, alias);
		if (!out->h_aliases[i])
			return false;
	}
	out->h_aliases[i] = NULL;
	return true;
}

enum hostent_result hostent_build(const char *asked, const struct table_answer *answer, int family,
                                  struct hostent *out, char *buffer, size_t size)
{
	struct room room = { .at = buffer, .left = size };
	struct hostent made = { .h_addrtype = family,
		                .h_length = family == AF_INET ? sizeof(struct in_addr)
		                                              : sizeof(struct in6_addr) };

	if (!put_addresses(&room, answer, &made))
		return HOSTENT_TOO_SMALL;
	if (!made.h_addr_list[0])
		return HOSTENT_NONE;
	made.h_name = put_text(&room, answer->name);
	if (!made.h_name || !put_aliases(&room, asked, &made))
		return HOSTENT_TOO_SMALL;
	*out = made;
	return HOSTENT_DONE;
}
