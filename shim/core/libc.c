#include "core/libc.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>

#include "core/hot.h"

/* The real `function`, as a pointer of its type; NULL where libc lacks it. */
#define REAL(function) ((__typeof__(&(function)))real(REAL_##function, #function))

enum real {
	REAL_getaddrinfo,
	REAL_gethostbyname,
	REAL_gethostbyname2,
	REAL_gethostbyname_r,
	REAL_gethostbyname2_r,
	REALS
};

/* Only glibc has it. Weak: elsewhere its address is NULL. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

static HOT _Atomic(void *) reals[REALS];

static COLD void *find_real(enum real which, const char *symbol)
{
	void *found = dlsym(RTLD_NEXT, symbol);

	atomic_store_explicit(&reals[which], found, memory_order_relaxed);
	return found;
}

static void *real(enum real which, const char *symbol)
{
	void *found = atomic_load_explicit(&reals[which], memory_order_relaxed);

	return found ? found : find_real(which, symbol);
}

bool libc_is_ours(void)
{
	return gnu_get_libc_version != NULL;
}

int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **res)
{
	__typeof__(&getaddrinfo) function = REAL(getaddrinfo);

	if (function)
		return function(node, service, hints, res);
	errno = ENOSYS;
	return EAI_SYSTEM;
}

/* As the reentrant ones fail. */
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
