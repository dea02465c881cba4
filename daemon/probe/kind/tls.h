/*
 * tls checks: a TLS handshake on the socket from connect_start(), driven by libevent.
 *
 * The server creates the kind and passes it to the monitor.
 */
#ifndef SHUNT_PROBE_KIND_TLS_H
#define SHUNT_PROBE_KIND_TLS_H

#include "probe/probe.h"

struct trust;

/* `trust` must outlive all probes. */
struct probe_kind probe_tls_kind(struct trust *trust);

#endif
