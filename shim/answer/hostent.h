/* Addresses → struct hostent in the caller's buffer, as libc fills it from /etc/hosts. */
#ifndef SHUNT_SHIM_HOSTENT_H
#define SHUNT_SHIM_HOSTENT_H

#include <netdb.h>
#include <stddef.h>

#include "core/table.h"

enum hostent_result {
	HOSTENT_DONE,
	HOSTENT_NONE,     /* the record has no address of this family */
	HOSTENT_TOO_SMALL /* the program gets ERANGE, and retries with a larger buffer */
};

/*
 * `asked` is the name that was looked up, by which the record's aliases are found; NULL: list none.
 * `family` may have any value: only AF_INET and AF_INET6 have addresses. The strings, lists and
 * addresses of `out` are stored in `buffer`, which may have any alignment. Preserves errno. `out`
 * is unchanged unless HOSTENT_DONE is returned.
 */
enum hostent_result hostent_build(const char *asked, const struct table_answer *answer, int family,
                                  struct hostent *out, char *buffer, size_t size);

#endif
