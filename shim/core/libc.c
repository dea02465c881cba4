#include "core/libc.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>

#include "core/hot.h"

/*
 * The next `function`, the same if it was found before, and libc's own, as pointers of its type;
 * NULL if there is none.
 */
#define REAL(function) ((__typeof__(&(function)))real(REAL_##function, #function))
#define KNOWN(function) ((__typeof__(&(function)))known(REAL_##function))
#define OWN(function) ((__typeof__(&(function)))own(OWN_##function, #function))

enum real {
	REAL_getaddrinfo,
	REAL_getaddrinfo_a,
	REAL_gethostbyname,
	REAL_gethostbyname2,
	REAL_gethostbyname_r,
	REAL_gethostbyname2_r,
	REAL_connect,
	OWN_getaddrinfo,
	OWN_freeaddrinfo,
	REALS
};

/* Only glibc has it. Weak: elsewhere its address is NULL. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

static HOT _Atomic(void *) reals[REALS];

enum { UNKNOWN, YES, NO };
static HOT atomic_int frees_nodes;

static COLD void *find_real(enum real which, const char *symbol)
{
	void *found = dlsym(RTLD_NEXT, symbol);

	atomic_store_explicit(&reals[which], found, memory_order_relaxed);
	return found;
}

static inline void *known(enum real which)
{
	return atomic_load_explicit(&reals[which], memory_order_relaxed);
}

static void *real(enum real which, const char *symbol)
{
	void *found = known(which);

	return found ? found : find_real(which, symbol);
}

/*
 * libc's own function, whoever stands between this library and libc (nss_wrapper, torsocks): these
 * refuse or resolve a numeric host themselves, so RTLD_NEXT does not do, and nothing else that is
 * documented leads past them. With RTLD_NOLOAD no file is opened, and every program that could load
 * this library has libc loaded. The handle is not closed: it counts a reference to libc, which is never
 * unloaded. Once in a process and for each of two functions; with glibc 2.36 it is one malloc() and no
 * system call of its own, under the lock that dlsym() takes as well.
 *
 * dlsym() on the link map of libc (dladdr1()) would do without that malloc(), but relies on a handle
 * being a link map, which glibc does not promise; reading libc's symbol table ourselves would put a
 * parser of ELF into other people's processes.
 */
static COLD void *find_own(enum real which, const char *symbol)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	void *found = dlsym(libc ? libc : RTLD_NEXT, symbol);

	atomic_store_explicit(&reals[which], found, memory_order_relaxed);
	return found;
}

static void *own(enum real which, const char *symbol)
{
	void *found = known(which);

	return found ? found : find_own(which, symbol);
}

bool libc_is_ours(void)
{
	return gnu_get_libc_version != NULL;
}

bool libc_release_frees_nodes(const char *release)
{
	unsigned minor = 0;

	if (release[0] != '2' || release[1] != '.')
		return false;
	for (release += 2; *release >= '0' && *release <= '9' && minor < 1000; release++)
		minor = minor * 10 + (unsigned)(*release - '0');
	return minor >= LIBC_NODES_OLDEST && minor <= LIBC_NODES_NEWEST;
}

static COLD bool find_whether_frees_nodes(void)
{
	bool known = libc_is_ours() && libc_release_frees_nodes(gnu_get_libc_version());

	atomic_store_explicit(&frees_nodes, known ? YES : NO, memory_order_relaxed);
	return known;
}

bool libc_frees_nodes(void)
{
	int known = atomic_load_explicit(&frees_nodes, memory_order_relaxed);

	return known ? known == YES : find_whether_frees_nodes();
}

static COLD int find_getaddrinfo(const char *node, const char *service,
                                 const struct addrinfo *hints, struct addrinfo **res)
{
	__typeof__(&getaddrinfo) function = REAL(getaddrinfo);

	if (function)
		return function(node, service, hints, res);
	errno = ENOSYS;
	return EAI_SYSTEM;
}

/* Two jumps, and nothing on the stack: every name that is not managed comes here. */
int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **res)
{
	__typeof__(&getaddrinfo) function = KNOWN(getaddrinfo);

	return function ? function(node, service, hints, res)
	                : find_getaddrinfo(node, service, hints, res);
}

int libc_getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event)
{
	__typeof__(&getaddrinfo_a) function = REAL(getaddrinfo_a);

	if (function)
		return function(mode, list, count, event);
	errno = ENOSYS;
	return EAI_SYSTEM;
}

int libc_own_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                         struct addrinfo **res)
{
	__typeof__(&getaddrinfo) function = OWN(getaddrinfo);

	if (function)
		return function(node, service, hints, res);
	errno = ENOSYS;
	return EAI_SYSTEM;
}

void libc_own_freeaddrinfo(struct addrinfo *list)
{
	__typeof__(&freeaddrinfo) function = OWN(freeaddrinfo);

	if (function)
		function(list);
}

/* Fails as the reentrant functions do. */
static int lacking(struct hostent **result, int *h_errnop)
{
	*result = NULL;
	*h_errnop = NETDB_INTERNAL;
	errno = ENOSYS;
	return ENOSYS;
}

struct hostent *libc_gethostbyname(const char *name)
{
	__typeof__(&gethostbyname) function = REAL(gethostbyname);
	struct hostent *none;

	if (function)
		return function(name);
	lacking(&none, &h_errno);
	return NULL;
}

struct hostent *libc_gethostbyname2(const char *name, int family)
{
	__typeof__(&gethostbyname2) function = REAL(gethostbyname2);
	struct hostent *none;

	if (function)
		return function(name, family);
	lacking(&none, &h_errno);
	return NULL;
}

int libc_gethostbyname_r(const char *name, struct hostent *ret, char *buffer, size_t size,
                         struct hostent **result, int *h_errnop)
{
	__typeof__(&gethostbyname_r) function = REAL(gethostbyname_r);

	return function ? function(name, ret, buffer, size, result, h_errnop)
	                : lacking(result, h_errnop);
}

int libc_gethostbyname2_r(const char *name, int family, struct hostent *ret, char *buffer,
                          size_t size, struct hostent **result, int *h_errnop)
{
	__typeof__(&gethostbyname2_r) function = REAL(gethostbyname2_r);

	return function ? function(name, family, ret, buffer, size, result, h_errnop)
	                : lacking(result, h_errnop);
}

int libc_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	__typeof__(&connect) function = REAL(connect);

	if (function)
		return function(fd, address, size);
	errno = ENOSYS;
	return -1;
}

void libc_find_connect(void)
{
	find_real(REAL_connect, "connect");
}
