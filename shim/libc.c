#include "libc.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

typedef int getaddrinfo_function(const char *, const char *, const struct addrinfo *,
                                 struct addrinfo **);

/* Only glibc has it. Weak: elsewhere its address is NULL. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

static _Atomic(getaddrinfo_function *) real_getaddrinfo;

bool libc_is_ours(void)
{
	return gnu_get_libc_version != NULL;
}

int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **res)
{
	getaddrinfo_function *real = atomic_load_explicit(&real_getaddrinfo, memory_order_relaxed);

	if (!real) {
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
		if (!real) {
			errno = ENOSYS;
			return EAI_SYSTEM;
		}
		atomic_store_explicit(&real_getaddrinfo, real, memory_order_relaxed);
	}
	return real(node, service, hints, res);
}
