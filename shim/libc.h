/*
 * The real functions, and whether this is the libc that the library was built for.
 *
 * Nothing here allocates or takes a lock after the first call; a symbol that exists costs dlsym()
 * no allocation either.
 */
#ifndef SHUNT_SHIM_LIBC_H
#define SHUNT_SHIM_LIBC_H

#include <netdb.h>
#include <stdbool.h>

/* False in a process of another libc: then the library is inert. */
bool libc_is_ours(void);

int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **res);

#endif
