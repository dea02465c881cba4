#include "answer/addrinfo.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "answer/canonical.h"
#include "answer/family.h"
#include "answer/nodes.h"
#include "core/hot.h"
#include "core/libc.h"

/* What glibc assumes if the hints are NULL. (POSIX says no flags at all.) */
static const struct addrinfo no_hints = { .ai_family = AF_UNSPEC,
	                                  .ai_flags = AI_V4MAPPED | AI_ADDRCONFIG };

/* The addresses to pass to libc: at most each one unchanged and, for AI_ALL, as IPv4. */
struct plan {
	uint32_t count;
	const struct shunt_address *addresses[2 * SHUNT_ADDRESSES_MAX];
	/* an address that the record does not contain in this form */
	struct shunt_address made[SHUNT_ADDRESSES_MAX];
};

struct list {
	struct addrinfo *first;
	struct addrinfo **end;
};

/* --- which addresses -------------------------------------------------------------------------- */

static void plan_ipv4(struct plan *plan, const struct table_answer *answer)
{
	for (uint32_t i = 0; i < answer->count; i++) {
		plan->addresses[plan->count] =
		        family_as_ipv4(&answer->addresses[i], &plan->made[i]);
		plan->count += plan->addresses[plan->count] != NULL;
	}
}

/*
 * With AI_V4MAPPED, IPv4 addresses are returned if there is no IPv6 address; with AI_ALL too,
 * always.
 */
static void plan_ipv6(struct plan *plan, const struct table_answer *answer, int flags)
{
	bool mapped = flags & AI_V4MAPPED, all = mapped && flags & AI_ALL, any = false;

	for (uint32_t i = 0; i < answer->count; i++) {
		if (answer->addresses[i].family != SHUNT_FAMILY_IPV6)
			continue;
		any = true;
		/* glibc then omits mapped addresses, even if nothing is left. */
		if (!mapped || all || !family_is_mapped(&answer->addresses[i]))
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

/* --- libc ------------------------------------------------------------------------------------- */

/*
 * libc is called with the unspecified address of the family, the shortest literal, which is then
 * replaced by the real address. Nothing else in its result depends on a numeric address, except for
 * an IPv6 address that can be had as IPv4, which the plan has already handled. Formatting and
 * parsing the address would take half of a lookup.
 */
static int ask(uint32_t family, const char *service, const struct addrinfo *hints,
               struct addrinfo **out)
{
	return libc_own_getaddrinfo(family == SHUNT_FAMILY_IPV4 ? "0" : "::", service, hints, out);
}

static void put_address(struct addrinfo *node, const struct shunt_address *address)
{
	struct sockaddr_in6 *in6;

	if (node->ai_family == AF_INET) {
		memcpy(&((struct sockaddr_in *)node->ai_addr)->sin_addr, address->word, 4);
		return;
	}
	in6 = (struct sockaddr_in6 *)node->ai_addr;
	if (address->family == SHUNT_FAMILY_IPV4) {
		memcpy(&in6->sin6_addr.s6_addr[12], address->word, 4); /* libc mapped it */
		return;
	}
	memcpy(&in6->sin6_addr, address->word, 16);
	in6->sin6_scope_id = address->scope_id;
}

static void append(struct list *list, struct addrinfo *part, const struct shunt_address *address,
                   int flags)
{
	*list->end = part;
	for (; part; part = part->ai_next) {
		part->ai_flags = flags;
		put_address(part, address);
		list->end = &part->ai_next;
	}
}

/*
 * AI_ADDRCONFIG restricts AF_UNSPEC to the only family that the host has. A numeric address reveals
 * it: the other family is refused, or mapped. Returns the remaining family, or AF_UNSPEC.
 */
static int narrowed(const struct shunt_address *address, int error, const struct addrinfo *part)
{
	if (address->family == SHUNT_FAMILY_IPV6)
		return error == EAI_ADDRFAMILY ? AF_INET : AF_UNSPEC;
	if (error == EAI_ADDRFAMILY || (!error && part->ai_family == AF_INET6))
		return AF_INET6;
	return AF_UNSPEC;
}

static bool has_twofold(const struct plan *plan)
{
	struct shunt_address made;

	for (uint32_t i = 0; i < plan->count; i++)
		if (plan->addresses[i]->family == SHUNT_FAMILY_IPV6 &&
		    family_as_ipv4(plan->addresses[i], &made))
			return true;
	return false;
}

/*
 * An IPv6 address does not reveal that the host has no IPv4. That matters for an address that
 * stands for an IPv4 address too: how AI_V4MAPPED treats it depends on the family (plan_ipv6).
 */
static COLD int narrowed_twofold(const struct plan *plan, const char *service,
                                 const struct addrinfo *hints)
{
	const struct shunt_address any = { .family = SHUNT_FAMILY_IPV4 };
	struct addrinfo *part = NULL;
	int family, error;

	if (!has_twofold(plan))
		return AF_UNSPEC;
	error = ask(any.family, service, hints, &part);
	family = narrowed(&any, error, part);
	if (!error)
		libc_own_freeaddrinfo(part);
	return family;
}

/* `*family` changes if the result has to be built again for that family only. */
static int ask_all(const struct plan *plan, const char *service, struct addrinfo *hints,
                   int real_flags, struct list *list, int *family)
{
	uint32_t unseen = ~0u; /* one bit for each family */
	int error;

	for (uint32_t i = 0; i < plan->count; i++) {
		const struct shunt_address *address = plan->addresses[i];
		struct addrinfo *part = NULL;

		/*
		 * It takes system calls, and the result is the same for all addresses of a family.
		 */
		hints->ai_flags &= ~AI_ADDRCONFIG;
		if (unseen & 1u << address->family)
			hints->ai_flags |= real_flags & AI_ADDRCONFIG;
		unseen &= ~(1u << address->family);
		error = ask(address->family, service, hints, &part);
		if (!error)
			append(list, part, address, real_flags);
		if (hints->ai_family == AF_UNSPEC)
			*family = narrowed(address, error, part);
		if (*family != hints->ai_family)
			return 0;
		if (error)
			return error;
	}
	return 0;
}

/* Errors in the arguments themselves are reported before the result for the name. */
static COLD int ask_none(const char *service, const struct addrinfo *hints, int otherwise)
{
	uint32_t family = hints->ai_family == AF_INET6 ? SHUNT_FAMILY_IPV6 : SHUNT_FAMILY_IPV4;
	struct addrinfo *part = NULL;
	int error = ask(family, service, hints, &part);

	if (error)
		return error;
	libc_own_freeaddrinfo(part);
	return otherwise;
}

static COLD int name_first(struct list *list, const struct table_answer *answer, int flags)
{
	char *name = flags & AI_CANONIDN ? canonical_decode(answer->name) : NULL;

	list->first->ai_canonname = name ? name : strdup(answer->name);
	return list->first->ai_canonname ? 0 : EAI_MEMORY;
}

static COLD void list_clear(struct list *list)
{
	if (list->first)
		libc_own_freeaddrinfo(list->first);
	list->first = NULL;
	list->end = &list->first;
}

static int build(const struct table_answer *answer, const char *service,
                 const struct addrinfo *given, struct addrinfo *hints, struct list *list)
{
	struct plan plan;
	int family, error = 0;

	plan_family(&plan, answer, hints);
	if (plan.count == 0)
		return ask_none(service, hints, answer->count ? EAI_NONAME : EAI_AGAIN);
	family = hints->ai_family;
	if (family == AF_UNSPEC && !(~hints->ai_flags & (AI_ADDRCONFIG | AI_V4MAPPED)))
		family = narrowed_twofold(&plan, service, hints);
	if (family == hints->ai_family)
		error = ask_all(&plan, service, hints, given->ai_flags, list, &family);
	if (family != hints->ai_family) {
		list_clear(list);
		hints->ai_family = family;
		hints->ai_flags &= ~AI_ADDRCONFIG;
		return build(answer, service, given, hints, list);
	}
	if (!error && given->ai_flags & AI_CANONNAME)
		error = name_first(list, answer, given->ai_flags);
	return error;
}

/* Works for any question: libc builds the result. */
static COLD int build_by_libc(const struct table_answer *answer, const char *service,
                              const struct addrinfo *hints, struct addrinfo **out)
{
	const struct addrinfo *given = hints ? hints : &no_hints;
	struct addrinfo numeric = *given;
	struct list list = { .first = NULL };
	int error;

	list.end = &list.first;
	numeric.ai_flags = (given->ai_flags | AI_NUMERICHOST) & ~AI_CANONNAME;
	error = build(answer, service, given, &numeric, &list);
	if (error)
		list_clear(&list);
	else
		*out = list.first;
	return error;
}

int addrinfo_build(const struct table_answer *answer, const char *service,
                   const struct addrinfo *hints, struct addrinfo **out)
{
	struct addrinfo *built = NULL;
	struct nodes_plan plan;
	int saved = errno, error = 0;

	if (hints && nodes_cover(service, hints, &plan))
		error = nodes_build(&plan, answer, hints, &built);
	if (!error && !built)
		error = build_by_libc(answer, service, hints, &built);
	if (!error)
		*out = built;
	if (error != EAI_SYSTEM)
		errno = saved;
	return error;
}
