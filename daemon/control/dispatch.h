/*
 * Takes a request to its route: checks Host, path, method, origin, rights, body; calls the route.
 */
#ifndef SHUNT_CONTROL_DISPATCH_H
#define SHUNT_CONTROL_DISPATCH_H

#include <microhttpd.h>

struct request;

/*
 * Called once the header of a request has arrived. Rejects what can be rejected without the body;
 * otherwise returns MHD_YES.
 */
enum MHD_Result dispatch_begin(struct request *request, const char *url, const char *method);

/* Called once the whole request has arrived. */
enum MHD_Result dispatch_end(struct request *request);

#endif
