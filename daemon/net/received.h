/* Whether a peer has sent anything. For what a library does not tell until it is complete. */
#ifndef SHUNT_DAEMON_NET_RECEIVED_H
#define SHUNT_DAEMON_NET_RECEIVED_H

#include <stdbool.h>

/*
 * Whether at least one byte has arrived on the TCP connection `fd`, read or not, according to the
 * kernel. False if that cannot be determined: no TCP socket, a kernel that does not count.
 */
bool received_any(int fd);

#endif
