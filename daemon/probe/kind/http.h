/*
 * http and https checks: the socket from probe_connect is passed to libcurl's multi interface,
 * driven by libevent.
 *
 * main creates one object, passes the two kinds to the monitor, and frees it after the prober.
 */
#ifndef SHUNT_PROBE_KIND_HTTP_H
#define SHUNT_PROBE_KIND_HTTP_H

#include "probe/probe.h"

struct probe_http;
struct trust;

/*
 * Returns NULL if libcurl cannot start. curl_global_init() must have been called. `trust` must
 * outlive the object.
 */
struct probe_http *probe_http_new(struct event_base *base, struct trust *trust);
void probe_http_free(struct probe_http *http);

const struct probe_kind *probe_http_kind(const struct probe_http *http);
const struct probe_kind *probe_https_kind(const struct probe_http *http);

#endif
