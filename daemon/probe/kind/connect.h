/*
 * The connected socket that every network probe starts with. A tcp check ends here.
 *
 * A hand-made connect costs half of libcurl's, tells connect from TLS, carries IPv6 zones, and
 * tells our faults from the endpoint's: an errno that connect() returns at once is ours, one that
 * comes later by SO_ERROR is the endpoint's. The socket is non-blocking, close-on-exec, and closes
 * with a reset (SO_LINGER {1, 0}), so that no TIME_WAIT is left.
 */
#ifndef SHUNT_PROBE_KIND_CONNECT_H
#define SHUNT_PROBE_KIND_CONNECT_H

#include "probe/probe.h"

struct connect_attempt;

/* `fd` is the callee's from here on; the attempt is already freed. */
typedef void connect_done(void *arg, int fd);

/*
 * Connects to the probe's address and port. Success: done(arg, fd), later. Failure, own or the
 * endpoint's: failed(arg) so that the caller can free what it holds, and then probe_finish(), both
 * perhaps before this returns NULL.
 */
struct connect_attempt *connect_start(struct probe *probe, connect_done *done,
                                      void (*failed)(void *arg), void *arg);

/* Frees an attempt that is under way; neither done nor failed is called. */
void connect_cancel(struct connect_attempt *attempt);

extern const struct probe_kind probe_tcp;

#endif
