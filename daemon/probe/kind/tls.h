/*
 * tls checks: a TLS handshake on the socket from probe_connect, driven by libevent.
 *
 * main creates the kind and passes it to the monitor.
 */
#ifndef SHUNT_PROBE_KIND_TLS_H
#define SHUNT_PROBE_KIND_TLS_H

#include "probe/probe.h"

struct trust;

/* `trust` must outlive all probes. */
struct probe_kind probe_tls_kind(struct trust *trust);

#endif
