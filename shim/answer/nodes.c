#include "answer/nodes.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "answer/family.h"
#include "core/hot.h"
#include "core/libc.h"

/* Flags that affect only the canonical name here. AI_V4MAPPED: for AF_INET6 only. */
#define FLAGS (AI_PASSIVE | AI_CANONNAME | AI_NUMERICSERV | AI_ALL | AI_V4MAPPED)

/* In glibc's order, used if no socket type is requested. */
static const struct nodes_kind kinds[] = {
	{ SOCK_STREAM, IPPROTO_TCP },
	{ SOCK_DGRAM, IPPROTO_UDP },
	{ SOCK_RAW, 0 },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The node and its address are one block, as in libc. */
struct ipv4_node {
	struct addrinfo info;
	struct sockaddr_in address;
};

struct ipv6_node {
	struct addrinfo info;
	struct sockaddr_in6 address;
};

static bool parse_port(const char *service, uint16_t *port)
{
	uint32_t number = 0;
	const char *digit = service;

	for (; *digit >= '0' && *digit <= '9'; digit++) {
		number = number * 10 + (uint32_t)(*digit - '0');
		if (number > UINT16_MAX)
			return false;
	}
	*port = htons((uint16_t)number);
	return digit != service && *digit == '\0';
}

static bool find_kinds(const struct addrinfo *hints, struct nodes_plan *plan)
{
	plan->kinds = hints->ai_socktype == SOCK_DGRAM ? &kinds[1] : &kinds[0];
	plan->kind_count = hints->ai_socktype ? 1 : KINDS;
	if (hints->ai_socktype == 0)
		return hints->ai_protocol == 0;
	return hints->ai_socktype == plan->kinds->type &&
	       (hints->ai_protocol == 0 || hints->ai_protocol == plan->kinds->protocol);
}

static bool family_is_common(const struct addrinfo *hints)
{
	return hints->ai_family == AF_UNSPEC || hints->ai_family == AF_INET ||
	       (hints->ai_family == AF_INET6 && !(hints->ai_flags & AI_V4MAPPED));
}

bool nodes_cover(const char *service, const struct addrinfo *hints, struct nodes_plan *plan)
{
	plan->port = 0;
	return !(hints->ai_flags & ~FLAGS) && family_is_common(hints) && find_kinds(hints, plan) &&
	       (!service || parse_port(service, &plan->port)) && libc_frees_nodes();
}

static COLD const struct shunt_address *as_other_family(const struct shunt_address *address,
                                                        int family, struct shunt_address *made)
{
	return family == AF_INET ? family_as_ipv4(address, made) : NULL;
}

/* Returns NULL if it is not of the requested family. */
static inline const struct shunt_address *as_family(const struct shunt_address *address, int family,
                                                    struct shunt_address *made)
{
	if (family == AF_UNSPEC || (address->family == SHUNT_FAMILY_IPV4) == (family == AF_INET))
		return address;
	return as_other_family(address, family, made);
}

static struct addrinfo *make_ipv4(const struct shunt_address *address, uint16_t port)
{
	struct ipv4_node *node = malloc(sizeof(*node));

	if (!node)
		return NULL;
	node->address = (struct sockaddr_in){ .sin_family = AF_INET,
		                              .sin_port = port,
		                              .sin_addr.s_addr = address->word[0] };
	node->info.ai_addr = (struct sockaddr *)&node->address;
	node->info.ai_addrlen = sizeof(node->address);
	node->info.ai_family = AF_INET;
	return &node->info;
}

static struct addrinfo *make_ipv6(const struct shunt_address *address, uint16_t port)
{
	struct ipv6_node *node = malloc(sizeof(*node));

	if (!node)
		return NULL;
	node->address = (struct sockaddr_in6){ .sin6_family = AF_INET6,
		                               .sin6_port = port,
		                               .sin6_scope_id = address->scope_id };
	memcpy(&node->address.sin6_addr, address->word, sizeof(struct in6_addr));
	node->info.ai_addr = (struct sockaddr *)&node->address;
	node->info.ai_addrlen = sizeof(node->address);
	node->info.ai_family = AF_INET6;
	return &node->info;
}

static struct addrinfo *make(const struct shunt_address *address, const struct nodes_kind *kind,
                             uint16_t port, int flags)
{
	struct addrinfo *node = address->family == SHUNT_FAMILY_IPV4 ? make_ipv4(address, port)
	                                                             : make_ipv6(address, port);

	if (!node)
		return NULL;
	node->ai_flags = flags;
	node->ai_socktype = kind->type;
	node->ai_protocol = kind->protocol;
	node->ai_canonname = NULL;
	node->ai_next = NULL;
	return node;
}

static COLD bool name_first(struct addrinfo *first, const struct table_answer *answer)
{
	first->ai_canonname = strdup(answer->name);
	return first->ai_canonname != NULL;
}

static COLD int give_up(struct addrinfo **first)
{
	for (struct addrinfo *next; *first; *first = next) {
		next = (*first)->ai_next;
		free((*first)->ai_canonname);
		free(*first);
	}
	return EAI_MEMORY;
}

/* Adds the address as each kind that is requested. Returns false if there is no memory. */
static inline bool add(const struct nodes_plan *plan, const struct shunt_address *address,
                       int flags, struct addrinfo ***end)
{
	for (uint32_t kind = 0; kind < plan->kind_count; kind++) {
		struct addrinfo *node = make(address, &plan->kinds[kind], plan->port, flags);

		if (!node)
			return false;
		**end = node;
		*end = &node->ai_next;
	}
	return true;
}

int nodes_build(const struct nodes_plan *plan, const struct table_answer *answer,
                const struct addrinfo *hints, struct addrinfo **out)
{
	struct addrinfo *first = NULL, **end = &first;
	struct shunt_address made;

	for (uint32_t i = 0; i < answer->count; i++) {
		const struct shunt_address *address =
		        as_family(&answer->addresses[i], hints->ai_family, &made);

		if (address && !add(plan, address, hints->ai_flags, &end))
			return give_up(&first);
	}
	if (first && hints->ai_flags & AI_CANONNAME && !name_first(first, answer))
		return give_up(&first);
	*out = first;
	return 0;
}
