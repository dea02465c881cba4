/*
 * What may be reset at all: the addresses and ports of the records in the configuration, which only
 * root can write. The daemon is believed to mean well, and not more: what it asks for is held to
 * this list.
 *
 * The text is read by the daemon's own scanner and parser; of the settings only those are looked at
 * that say which addresses and ports there are. The daemon's reader of checks is left out on
 * purpose: it opens the files that checks name, and brings OpenSSL with it. A test holds both to
 * the same result. Where the configuration is wrong, nothing may be reset.
 *
 * An endpoint given by name can have any address: for its record the port alone is held to the
 * list, and addresses that names in DNS must not lead to (`allow_local`) are left out.
 */
#ifndef SHUNT_HELPER_RESET_ALLOW_H
#define SHUNT_HELPER_RESET_ALLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "config/error.h"

struct allow;

/*
 * The file and all that it includes must belong to root, and be writable by nobody else. NULL with
 * `error` filled on failure.
 */
struct allow *allow_load(const char *path, char error[CONFIG_ERROR_MAX]);
void allow_free(struct allow *allow);

bool allow_reset(const struct allow *allow, const struct address *peer, uint16_t port);

/* `reset_rate`: resets a second. */
uint32_t allow_rate(const struct allow *allow);

#endif
