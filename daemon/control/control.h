/*
 * The control API: HTTP on the control socket and, read-only, on the TCP listener. libmicrohttpd
 * runs in libevent's loop, through its epoll descriptor.
 *
 *   control     libmicrohttpd in the loop
 *   dispatch    from a request to its route: Host, path, method, rights, body
 *   routes      the table of paths and methods
 *   read        the routes that read
 *   change      the routes that write
 *   events      GET /v1/events
 *   streams     connections that follow events: suspended, resumed, dropped if they do not read
 *   stream      what to send next on one of them
 *   subject     the record or records that a request is about
 *   answer      the responses
 *   request     one request
 *   body        the JSON of a request
 *   rights      who may change anything
 *   peer        connected clients: limits, deadlines
 *   slice       how much time responses may take in one iteration of the loop
 *   parts       the parts of the daemon that all of these use
 *
 * Limits: the number of connections, memory per connection, an absolute deadline for a request and
 * its response, the size of a body. The status is produced record by record as the client reads, so
 * a large one neither stalls the loop nor fills memory.
 */
#ifndef SHUNT_CONTROL_CONTROL_H
#define SHUNT_CONTROL_CONTROL_H

#include "control/parts.h"

struct control;

/* Returns NULL if it cannot start; the reason has been logged. */
struct control *control_new(const struct control_parts *parts);
void control_free(struct control *control);

#endif
