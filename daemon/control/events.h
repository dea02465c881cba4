/* GET /v1/events: a snapshot of the status, then each change as it happens. */
#ifndef SHUNT_CONTROL_EVENTS_H
#define SHUNT_CONTROL_EVENTS_H

#include <microhttpd.h>

struct request;

enum MHD_Result events_get(struct request *request);

#endif
