/*
 * http and https checks. What most http checks ask, and most servers answer, is done without
 * libcurl (http_exchange), which costs a third as much; https, credentials, coded bodies and every
 * answer that is unusual or malformed are libcurl's: the socket is passed to its multi interface,
 * driven by libevent.
 *
 * The server creates one object, passes the two kinds to the monitor, and frees it after the
 * probes, before the prober.
 */
#ifndef SHUNT_PROBE_KIND_HTTP_H
#define SHUNT_PROBE_KIND_HTTP_H

#include "probe/probe.h"

struct edge_set;
struct probe_http;
struct trust;

/*
 * Returns NULL if out of memory. `edges`, the prober's, and `trust` must outlive the object.
 */
struct probe_http *probe_http_new(struct event_base *base, struct edge_set *edges,
                                  struct trust *trust);
void probe_http_free(struct probe_http *http);

/* For tests, which compare the two ways: whether libcurl makes all requests. */
void probe_http_set_library(struct probe_http *http, bool only);

const struct probe_kind *probe_http_kind(const struct probe_http *http);
const struct probe_kind *probe_https_kind(const struct probe_http *http);

#endif
