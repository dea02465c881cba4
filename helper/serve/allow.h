/*
 * What a helper may be asked for: the addresses and ports of the records in the configuration, which
 * only root can write, and its doors. The daemon is believed to mean well, and not more: what it asks
 * for is held to this list.
 *
 * The text is read by the daemon's own scanner and parser; of the settings only those are looked at
 * that say which addresses and ports there are. The daemon's reader of checks is left out on
 * purpose: it opens the files that checks name, and brings OpenSSL with it. A test holds both to
 * the same result. Where the configuration is wrong, nothing is allowed.
 *
 * An endpoint given by name can have any address: for its record the port alone is held to the
 * list, and addresses that names in DNS must not lead to (`allow_local`) are left out.
 */
#ifndef SHUNT_HELPER_SERVE_ALLOW_H
#define SHUNT_HELPER_SERVE_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "config/error.h"

struct allow;

/*
 * The file and all that it includes must belong to root, and not be writable by other users. NULL with
 * `error` filled on failure.
 */
struct allow *allow_load(const char *path, char error[CONFIG_ERROR_MAX]);
void allow_free(struct allow *allow);

/* Addresses are asked for as address_unmapped() gives them. */
bool allow_reset(const struct allow *allow, const struct address *peer, uint16_t port);

/*
 * Whether connections from one of these addresses may be led to the other, on that port: both must be
 * of one record. `*hint`: the record that the search begins with, and then the one that was found.
 */
bool allow_lead(const struct allow *allow, const struct address *from, const struct address *to,
                uint16_t port, size_t *hint);

/* `door`: the cgroups that are sound, CONFIG_DOORS_MAX at most, and `stale_limit` in milliseconds. */
size_t allow_door_count(const struct allow *allow);
const char *allow_door(const struct allow *allow, size_t index);
uint32_t allow_stale_limit(const struct allow *allow);

/* `reset_rate`: resets a second. */
uint32_t allow_rate(const struct allow *allow);

#endif
