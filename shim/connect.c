#include <sys/socket.h>

#include "connection/given.h"
#include "connection/steer.h"
#include "core/libc.h"

/*
 * A process that was given no address of a record with `connect` pays one load and one comparison.
 * (__CONST_SOCKADDR_ARG is what glibc's header declares: a pointer to any kind of socket address.)
 */
__attribute__((visibility("default"))) int connect(int fd, __CONST_SOCKADDR_ARG address,
                                                   socklen_t size)
{
	if (__builtin_expect(!given_any(), 1))
		return libc_connect(fd, address.__sockaddr__, size);
	return steer_connect(fd, address.__sockaddr__, size);
}

/*
 * libc's function is found when the library is loaded, and later only if something connects before
 * that: the loader takes a lock, and a handler of a signal may connect first.
 */
__attribute__((constructor)) static void find_libc(void)
{
	libc_find_connect();
}
