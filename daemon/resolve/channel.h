/*
 * Creates a c-ares channel configured by a struct conf alone. Hides the differences between
 * releases of c-ares.
 */
#ifndef SHUNT_RESOLVE_CHANNEL_H
#define SHUNT_RESOLVE_CHANNEL_H

#include <ares.h>

#include "resolve/conf.h"
#include "resolve/sockets.h"

/*
 * `first`: the server to query first. Returns NULL if c-ares fails, usually for lack of memory. The
 * caller frees the channel with ares_destroy().
 */
ares_channel channel_new(const struct conf *conf, size_t first, struct sockets *sockets);

#endif
