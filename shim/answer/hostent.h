/*
 * Addresses → struct hostent in the caller's buffer, as libc fills it from /etc/hosts.
 */
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
 * `asked` is the name that was looked up: the record's aliases are found by it; NULL: list none.
 * `family` is any: no address is of one but AF_INET and AF_INET6. The strings, lists and addresses
 * of `out` stand in `buffer`, of any alignment. Keeps errno. `out` is untouched unless HOSTENT_DONE.
 */
enum hostent_result hostent_build(const char *asked, const struct table_answer *answer, int family,
                                  struct hostent *out, char *buffer, size_t size);

#endif
