/*
 * The control API: HTTP on the control socket and, read-only, on the TCP listener. libmicrohttpd in libevent's loop, by
 * its epoll descriptor.
 *
 *   control     libmicrohttpd in the loop
 *   dispatch    from a request to its route: Host, path, method, rights, body
 *   routes      the table of paths and methods
 *   read        the routes that read
 *   change      the routes that write
 *   events      GET /v1/events
 *   streams     the connections that follow events: suspended, woken, dropped when they do not read
 *   stream      what one of them is sent next
 *   subject     the record or records that a request is about
 *   answer      the responses
 *   request     one request
 *   body        the JSON of a request
 *   rights      who may change things
 *   peer        who is connected: limits, deadlines
 *   slice       how long answers may take in one turn of the loop
 *   parts       the daemon's parts that all of them work with
 *
 * Bounds: connections, memory for each, an absolute deadline for a request and its answer, the size of a body. The status is
 * produced record by record as the client reads, so a large one neither stalls the loop nor fills memory.
 */
#ifndef SHUNT_CONTROL_CONTROL_H
#define SHUNT_CONTROL_CONTROL_H

#include "control/parts.h"

struct control;

/* NULL when it cannot start. */
struct control *control_new(const struct control_parts *parts);
void control_free(struct control *control);

#endif
