/*
 * tls checks: probe_connect's socket and a handshake over it, driven by libevent.
 *
 * main makes the kind and hands it to the monitor.
 */
#ifndef SHUNT_PROBE_KIND_TLS_H
#define SHUNT_PROBE_KIND_TLS_H

#include "probe/probe.h"

struct trust;

/* `trust` must outlive all probes. */
struct probe_kind probe_tls_kind(struct trust *trust);

#endif
