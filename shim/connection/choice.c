#include "connection/choice.h"

#include <errno.h>
#include <stddef.h>

#include "connection/destination.h"

bool choice_is_failure(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
	case ECONNABORTED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ETIMEDOUT: return true;
	default: return false;
	}
}

static const struct shunt_address *find(const struct table_route *route,
                                        const struct shunt_address *address)
{
	for (uint32_t i = 0; i < route->count; i++)
		if (destination_is(&route->addresses[i], address))
			return &route->addresses[i];
	return NULL;
}

const struct shunt_address *choice_instead(const struct table_route *route,
                                           const struct shunt_address *asked)
{
	return route->connect == SHUNT_CONNECT_REDIRECT ? choice_instead_of(route, asked) : NULL;
}

const struct shunt_address *choice_instead_of(const struct table_route *route,
                                              const struct shunt_address *asked)
{
	const struct shunt_address *first = NULL;

	for (uint32_t i = 0; i < route->count; i++) {
		const struct shunt_address *address = &route->addresses[i];

		if (!(address->flags & SHUNT_ADDRESS_ANSWER))
			continue;
		if (destination_is(address, asked))
			return NULL;
		if (!first)
			first = address;
	}
	return first;
}

static bool is_tried(const struct choice_tried *tried, const struct shunt_address *address)
{
	for (uint32_t i = 0; i < tried->count; i++)
		if (destination_is(&tried->addresses[i], address))
			return true;
	return false;
}

/* The first one, not tried yet, with flags of which those in `mask` are `flags`. */
static const struct shunt_address *untried(const struct table_route *route,
                                           const struct choice_tried *tried, uint32_t mask,
                                           uint32_t flags)
{
	for (uint32_t i = 0; i < route->count; i++)
		if ((route->addresses[i].flags & mask) == flags &&
		    !is_tried(tried, &route->addresses[i]))
			return &route->addresses[i];
	return NULL;
}

const struct shunt_address *choice_next(const struct table_route *route,
                                        const struct choice_tried *tried)
{
	static const struct {
		uint32_t mask, flags;
	} order[] = {
		{ SHUNT_ADDRESS_ANSWER, SHUNT_ADDRESS_ANSWER },
		{ SHUNT_ADDRESS_NEXT | SHUNT_ADDRESS_DOUBT, SHUNT_ADDRESS_NEXT },
		{ SHUNT_ADDRESS_NEXT, SHUNT_ADDRESS_NEXT },
	};
	const struct shunt_address *found = NULL;

	if (route->connect == SHUNT_CONNECT_OFF)
		return NULL;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && !found; i++)
		found = untried(route, tried, order[i].mask, order[i].flags);
	return found;
}

bool choice_in_doubt(const struct table_route *route, const struct shunt_address *address)
{
	const struct shunt_address *found = find(route, address);

	return found && found->flags & SHUNT_ADDRESS_DOUBT;
}

bool choice_remember(struct choice_tried *tried, const struct shunt_address *address)
{
	if (tried->count == CHOICE_TRIES_MAX)
		return false;
	tried->addresses[tried->count++] = *address;
	return true;
}
