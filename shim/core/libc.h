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

/*
 * Whether freeaddrinfo() is known to pass each node, and the canonical name, to free(): so do all releases of glibc from
 * LIBC_NODES_OLDEST to LIBC_NODES_NEWEST, 2.x each. A newer one gets lists that it made itself until a person has looked
 * (tests/support/layout.c, test_manners.py), and the number here is raised.
 */
#define LIBC_NODES_OLDEST 34u
#define LIBC_NODES_NEWEST 43u
bool libc_frees_nodes(void);

/* The same of a release: "2.36". */
bool libc_release_frees_nodes(const char *release);

/* What answers what is not ours: the next library's function, which may be another preloaded library's. */
int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **res);

struct hostent *libc_gethostbyname(const char *name);
struct hostent *libc_gethostbyname2(const char *name, int family);
int libc_gethostbyname_r(const char *name, struct hostent *ret, char *buffer, size_t size,
                         struct hostent **result, int *h_errnop);
int libc_gethostbyname2_r(const char *name, int family, struct hostent *ret, char *buffer,
                          size_t size, struct hostent **result, int *h_errnop);

/* libc's own functions: an answer of ours must not depend on which other libraries are preloaded. */
int libc_own_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                         struct addrinfo **res);
void libc_own_freeaddrinfo(struct addrinfo *list);

#endif
