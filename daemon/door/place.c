#include "door/place.h"

#include <arpa/inet.h>
#include <string.h>

#include "shunt/table.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

bool place_make(const struct address *address, uint16_t port, struct shunt_door_place *out)
{
	*out = (struct shunt_door_place){ .port = htons(port) };
	if (address->scope_id)
		return false;
	if (address->family == SHUNT_FAMILY_IPV6) {
		memcpy(out->address, address->byte, sizeof(out->address));
		return true;
	}
	memcpy(out->address, mapped, sizeof(mapped));
	memcpy(out->address + sizeof(mapped), address->byte, 4);
	return true;
}

bool place_is_ipv4(const struct shunt_door_place *place)
{
	return memcmp(place->address, mapped, sizeof(mapped)) == 0;
}

void place_address(const struct shunt_door_place *place, struct address *out)
{
	struct address address = { .family = SHUNT_FAMILY_IPV6 };

	memcpy(address.byte, place->address, sizeof(address.byte));
	*out = address_unmapped(&address);
}
