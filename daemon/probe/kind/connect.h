/*
 * Creates the connected socket that every network probe starts with. A tcp check consists of
 * nothing more.
 *
 * Connecting here takes half the time of libcurl's connect, separates connect from TLS, supports
 * IPv6 zones, and distinguishes this host's faults from the endpoint's: an errno that connect()
 * returns at once is this host's, one reported later by SO_ERROR is the endpoint's. The socket is
 * non-blocking, close-on-exec, and closes with a reset (SO_LINGER {1, 0}), so that no TIME_WAIT
 * remains.
 *
 * The acknowledgement that completes the handshake waits for the first data (TCP_DEFER_ACCEPT): a
 * tcp check, which sends none, ends before it, so that the peer's kernel has answered and no program
 * there is woken.
 */
#ifndef SHUNT_PROBE_KIND_CONNECT_H
#define SHUNT_PROBE_KIND_CONNECT_H

#include "probe/probe.h"

struct connect_attempt;

/*
 * `fd` is owned by the callee; the attempt has already been freed. The socket is still in the
 * probe's edge set, where its next events have no owner: the callee passes it on, removes it, or
 * closes it. `events` has come with the connection.
 */
typedef void connect_done(void *arg, int fd, uint32_t events);

/*
 * Connects to the probe's address and port. On success, done() is called; on failure, of this host
 * or of the endpoint, failed(arg), so that the caller can free its data, followed by probe_finish().
 * Either possibly before this function returns NULL.
 */
struct connect_attempt *connect_start(struct probe *probe, connect_done *done,
                                      void (*failed)(void *arg), void *arg);

/* For edge_recycle(): the family of a probe's socket; 0 if no other probe can use it. */
int connect_family(const struct probe *probe);

/* Frees an attempt that is under way; neither done() nor failed() is called. */
void connect_cancel(struct connect_attempt *attempt);

extern const struct probe_kind probe_tcp;

#endif
