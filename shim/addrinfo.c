#include "addrinfo.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "libc.h"

/*
 * What glibc takes for hints that are NULL. (POSIX would have no flags at all.)
 */
static const struct addrinfo no_hints = { .ai_family = AF_UNSPEC,
	                                  .ai_flags = AI_V4MAPPED | AI_ADDRCONFIG };

/* The addresses to ask libc for: at most each one as it is and, for AI_ALL, as IPv4. */
struct plan {
	uint32_t count;
	const struct shunt_address *addresses[2 * SHUNT_ADDRESSES_MAX];
	struct shunt_address made[SHUNT_ADDRESSES_MAX]; /* what the record does not hold as such */
};

struct list {
	struct addrinfo *first;
	struct addrinfo **end;
};

/* --- text -------------------------------------------------------------------------------------- */

static char *put_decimal(char *text, unsigned value)
{
	if (value >= 100)
		*text++ = (char)('0' + value / 100);
	if (value >= 10)
		*text++ = (char)('0' + value / 10 % 10);
	*text++ = (char)('0' + value % 10);
	return text;
}

static char *put_hex(char *text, unsigned value)
{
	static const char digits[] = "0123456789abcdef";
	int shift = 12;

	while (shift > 0 && value >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*text++ = digits[value >> shift & 15];
	return text;
}

const char *addrinfo_format(const struct shunt_address *address, char text[ADDRINFO_TEXT_MAX])
{
	const unsigned char *byte = (const unsigned char *)address->word;
	char *end = text;

	if (address->family == SHUNT_FAMILY_IPV4) {
		for (int i = 0; i < 4; i++) {
			end = put_decimal(end, byte[i]);
			*end++ = '.';
		}
	} else {
		for (int i = 0; i < 16; i += 2) {
			end = put_hex(end, (unsigned)byte[i] << 8 | byte[i + 1]);
			*end++ = ':';
		}
	}
	end[-1] = '\0';
	return text;
}

/* --- which addresses --------------------------------------------------------------------------- */

static const struct in6_addr *in6(const struct shunt_address *address)
{
	return (const struct in6_addr *)address->word;
}

/* As glibc reads /etc/hosts for AF_INET: a mapped address is its IPv4 one, and ::1 is 127.0.0.1. */
static const struct shunt_address *as_ipv4(const struct shunt_address *address,
                                           struct shunt_address *room)
{
	if (address->family == SHUNT_FAMILY_IPV4)
		return address;
	*room = (struct shunt_address){ .family = SHUNT_FAMILY_IPV4 };
	if (IN6_IS_ADDR_V4MAPPED(in6(address)))
		room->word[0] = address->word[3];
	else if (IN6_IS_ADDR_LOOPBACK(in6(address)))
		room->word[0] = htonl(INADDR_LOOPBACK);
	else
		return NULL;
	return room;
}

static void plan_ipv4(struct plan *plan, const struct table_answer *answer)
{
	for (uint32_t i = 0; i < answer->count; i++) {
		plan->addresses[plan->count] = as_ipv4(&answer->addresses[i], &plan->made[i]);
		plan->count += plan->addresses[plan->count] != NULL;
	}
}

/* With AI_V4MAPPED, IPv4 addresses come where there is no IPv6 one; with AI_ALL too, always. */
static void plan_ipv6(struct plan *plan, const struct table_answer *answer, int flags)
{
	bool mapped = flags & AI_V4MAPPED, all = mapped && flags & AI_ALL, any = false;

	for (uint32_t i = 0; i < answer->count; i++) {
		if (answer->addresses[i].family != SHUNT_FAMILY_IPV6)
			continue;
		any = true;
		/* glibc leaves mapped ones out then, even where that leaves nothing. */
		if (!mapped || all || !IN6_IS_ADDR_V4MAPPED(in6(&answer->addresses[i])))
			plan->addresses[plan->count++] = &answer->addresses[i];
	}
	if (all || (mapped && !any))
		plan_ipv4(plan, answer);
}

static void plan_family(struct plan *plan, const struct table_answer *answer,
                        const struct addrinfo *hints)
{
	plan->count = 0;
	if (hints->ai_family == AF_INET) {
		plan_ipv4(plan, answer);
	} else if (hints->ai_family == AF_INET6) {
		plan_ipv6(plan, answer, hints->ai_flags);
	} else {
		for (uint32_t i = 0; i < answer->count; i++)
			plan->addresses[plan->count++] = &answer->addresses[i];
	}
}

/* --- libc -------------------------------------------------------------------------------------- */

/*
 * The shortest work for libc's parser: inet_aton(3) reads an IPv4 address as one number too, at a
 * quarter of the cost of four, and that is half of a lookup.
 */
static const char *numeric_text(const struct shunt_address *address, char text[ADDRINFO_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint32_t value = ntohl(address->word[0]);

	if (address->family != SHUNT_FAMILY_IPV4)
		return addrinfo_format(address, text);
	text[0] = '0';
	text[1] = 'x';
	for (int i = 0; i < 8; i++)
		text[2 + i] = digits[value >> (28 - 4 * i) & 15];
	text[10] = '\0';
	return text;
}

static int ask(const struct shunt_address *address, const char *service,
               const struct addrinfo *hints, struct addrinfo **out)
{
	char text[ADDRINFO_TEXT_MAX];

	return libc_getaddrinfo(numeric_text(address, text), service, hints, out);
}

/* The zone is set here, not in the text: libc would look for an interface of that name. */
static void append(struct list *list, struct addrinfo *part, uint32_t scope_id, int flags)
{
	*list->end = part;
	for (; part; part = part->ai_next) {
		part->ai_flags = flags;
		if (scope_id && part->ai_family == AF_INET6)
			((struct sockaddr_in6 *)part->ai_addr)->sin6_scope_id = scope_id;
		list->end = &part->ai_next;
	}
}

/*
 * AI_ADDRCONFIG narrows AF_UNSPEC to the one family that the host has. A numeric address shows it:
 * the other family is refused, or mapped. Returns the family that is left, else AF_UNSPEC.
 */
static int narrowed(const struct shunt_address *address, int error, const struct addrinfo *part)
{
	if (address->family == SHUNT_FAMILY_IPV6)
		return error == EAI_ADDRFAMILY ? AF_INET : AF_UNSPEC;
	if (error == EAI_ADDRFAMILY || (!error && part->ai_family == AF_INET6))
		return AF_INET6;
	return AF_UNSPEC;
}

/* `*family` changes when the answer must be made anew for that family alone. */
static int ask_all(const struct plan *plan, const char *service, struct addrinfo *hints,
                   int real_flags, struct list *list, int *family)
{
	bool seen[SHUNT_FAMILY_IPV6 + 1] = { false };
	struct addrinfo *part;
	int error;

	for (uint32_t i = 0; i < plan->count; i++) {
		const struct shunt_address *address = plan->addresses[i];

		/* It costs system calls, and says the same about each address of a family. */
		if (seen[address->family])
			hints->ai_flags &= ~AI_ADDRCONFIG;
		else
			hints->ai_flags |= real_flags & AI_ADDRCONFIG;
		seen[address->family] = true;
		part = NULL;
		error = ask(address, service, hints, &part);
		if (!error)
			append(list, part, address->scope_id, real_flags);
		if (hints->ai_family == AF_UNSPEC)
			*family = narrowed(address, error, part);
		if (*family != hints->ai_family)
			return 0;
		if (error)
			return error;
	}
	return 0;
}

/* The arguments may be wrong in themselves; that comes before what is said of the name. */
static int ask_none(const char *service, const struct addrinfo *hints, int otherwise)
{
	struct shunt_address any = { .family = hints->ai_family == AF_INET6 ? SHUNT_FAMILY_IPV6
		                                                            : SHUNT_FAMILY_IPV4 };
	struct addrinfo *part = NULL;
	int error = ask(&any, service, hints, &part);

	if (error)
		return error;
	freeaddrinfo(part);
	return otherwise;
}

static int name_first(struct list *list, const struct table_answer *answer)
{
	list->first->ai_canonname = strdup(answer->name);
	return list->first->ai_canonname ? 0 : EAI_MEMORY;
}

static void list_clear(struct list *list)
{
	if (list->first)
		freeaddrinfo(list->first);
	list->first = NULL;
	list->end = &list->first;
}

static int build(const struct table_answer *answer, const char *service,
                 const struct addrinfo *given, struct addrinfo *hints, struct list *list)
{
	int family = hints->ai_family, error;
	struct plan plan;

	plan_family(&plan, answer, hints);
	if (plan.count == 0)
		return ask_none(service, hints, answer->count ? EAI_NONAME : EAI_AGAIN);
	error = ask_all(&plan, service, hints, given->ai_flags, list, &family);
	if (family != hints->ai_family) {
		list_clear(list);
		hints->ai_family = family;
		hints->ai_flags &= ~AI_ADDRCONFIG;
		return build(answer, service, given, hints, list);
	}
	if (!error && given->ai_flags & AI_CANONNAME)
		error = name_first(list, answer);
	return error;
}

int addrinfo_build(const struct table_answer *answer, const char *service,
                   const struct addrinfo *hints, struct addrinfo **out)
{
	const struct addrinfo *given = hints ? hints : &no_hints;
	struct addrinfo numeric = *given;
	struct list list = { .first = NULL };
	int saved = errno, error;

	list.end = &list.first;
	numeric.ai_flags = (given->ai_flags | AI_NUMERICHOST) & ~AI_CANONNAME;
	error = build(answer, service, given, &numeric, &list);
	if (error)
		list_clear(&list);
	else
		*out = list.first;
	if (error != EAI_SYSTEM)
		errno = saved;
	return error;
}
