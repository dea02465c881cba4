/* Addresses → the list that getaddrinfo() returns, for libc's freeaddrinfo(). The common questions are for nodes; libc itself
 * builds the lists of the others. */
#ifndef SHUNT_SHIM_ADDRINFO_H
#define SHUNT_SHIM_ADDRINFO_H

#include <netdb.h>

#include "core/table.h"

/*
 * What libc gives for an /etc/hosts entry of this name with these addresses, in this order: 0 and
 * `*out`, or an error. Without addresses: the errors of the arguments, else EAI_AGAIN. Changes
 * errno with EAI_SYSTEM only.
 */
int addrinfo_build(const struct table_answer *answer, const char *service,
                   const struct addrinfo *hints, struct addrinfo **out);

#endif
