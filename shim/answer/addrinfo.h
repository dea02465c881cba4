/*
 * Addresses → the list that getaddrinfo() returns, for libc's freeaddrinfo(). nodes builds the
 * lists for common questions; libc builds those for all others.
 */
#ifndef SHUNT_SHIM_ADDRINFO_H
#define SHUNT_SHIM_ADDRINFO_H

#include <netdb.h>

#include "core/table.h"

/*
 * What libc returns for an /etc/hosts entry with this name and these addresses, in this order: 0
 * and `*out`, or an error. Without addresses: the errors of the arguments, else EAI_AGAIN. Changes
 * errno only with EAI_SYSTEM.
 */
int addrinfo_build(const struct table_answer *answer, const char *service,
                   const struct addrinfo *hints, struct addrinfo **out);

#endif
