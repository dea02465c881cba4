/* Addresses and ports as the BPF program's map has them. Pure. */
#ifndef SHUNT_DOOR_PLACE_H
#define SHUNT_DOOR_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

#include "shunt/door.h"

/* `port`: host order. Returns false for an address with a zone, which a place cannot express. */
bool place_make(const struct address *address, uint16_t port, struct shunt_door_place *out);

/* A mapped IPv4 address is an IPv4 address. */
void place_address(const struct shunt_door_place *place, struct address *out);
bool place_is_ipv4(const struct shunt_door_place *place);

#endif
