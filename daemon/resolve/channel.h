/* A c-ares channel that does what a struct conf says, and nothing of its own accord. The releases of c-ares differ here. */
#ifndef SHUNT_RESOLVE_CHANNEL_H
#define SHUNT_RESOLVE_CHANNEL_H

#include <ares.h>

#include "resolve/conf.h"
#include "resolve/sockets.h"

/* `first` is the server that is asked first. NULL: c-ares cannot, mostly for lack of memory. To be freed by ares_destroy(). */
ares_channel channel_new(const struct conf *conf, size_t first, struct sockets *sockets);

#endif
