/* From a request to its route: Host, path, method, origin, rights, body, and then the route's function. */
#ifndef SHUNT_CONTROL_DISPATCH_H
#define SHUNT_CONTROL_DISPATCH_H

#include <microhttpd.h>

struct request;

/* For a request of which only the header has come: refuses what can be refused before the body comes, else MHD_YES. */
enum MHD_Result dispatch_begin(struct request *request, const char *url, const char *method);

/* The whole request has come. */
enum MHD_Result dispatch_end(struct request *request);

#endif
