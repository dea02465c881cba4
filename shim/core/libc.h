/*
 * The real functions, and whether this is the libc that the library was built for.
 *
 * Nothing here allocates or takes a lock after the first call; a symbol that exists costs dlsym()
 * no allocation either. A libc that lacks a function fails as that function would, with ENOSYS.
 */
#ifndef SHUNT_SHIM_LIBC_H
#define SHUNT_SHIM_LIBC_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

/* False in a process of another libc: then the library is inert. */
bool libc_is_ours(void);

int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **res);

struct hostent *libc_gethostbyname(const char *name);
struct hostent *libc_gethostbyname2(const char *name, int family);
int libc_gethostbyname_r(const char *name, struct hostent *ret, char *buffer, size_t size,
                         struct hostent **result, int *h_errnop);
int libc_gethostbyname2_r(const char *name, int family, struct hostent *ret, char *buffer,
                          size_t size, struct hostent **result, int *h_errnop);

#endif
