/*
 * The real functions, and whether this is the libc that the library was built for.
 *
 * Nothing here allocates or takes a lock after the first call of a function. That one takes the
 * loader's lock; dlsym() does not allocate for a symbol that exists, but dlopen(), which finds
 * libc's own functions, does once for each. If libc lacks a function, the call fails as that
 * function would, with ENOSYS.
 */
#ifndef SHUNT_SHIM_LIBC_H
#define SHUNT_SHIM_LIBC_H

#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* False in a process with another libc: then the library is inert. */
bool libc_is_ours(void);

/*
 * Whether freeaddrinfo() is known to pass each node, and the canonical name, to free(), as all
 * releases of glibc from LIBC_NODES_OLDEST to LIBC_NODES_NEWEST (2.x each) do. With a newer
 * release, glibc builds the lists itself until a developer has checked it (tests/support/layout.c,
 * test_manners.py) and raised the number here.
 */
#define LIBC_NODES_OLDEST 34u
#define LIBC_NODES_NEWEST 43u
bool libc_frees_nodes(void);

/* The same for a release such as "2.36". */
bool libc_release_frees_nodes(const char *release);

/*
 * Called for everything that is not managed: the next library's function, which may be another
 * preloaded library's.
 */
int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **res);

int libc_getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event);
struct hostent *libc_gethostbyname(const char *name);
struct hostent *libc_gethostbyname2(const char *name, int family);
int libc_gethostbyname_r(const char *name, struct hostent *ret, char *buffer, size_t size,
                         struct hostent **result, int *h_errnop);
int libc_gethostbyname2_r(const char *name, int family, struct hostent *ret, char *buffer,
                          size_t size, struct hostent **result, int *h_errnop);

int libc_connect(int fd, const struct sockaddr *address, socklen_t size);
void libc_find_connect(void); /* so that libc_connect() need not */

/* libc's own functions: our answers must not depend on which other libraries are preloaded. */
int libc_own_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                         struct addrinfo **res);
void libc_own_freeaddrinfo(struct addrinfo *list);

#endif
