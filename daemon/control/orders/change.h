/* What the control API changes: the functions of the routes that write. */
#ifndef SHUNT_CONTROL_ORDERS_CHANGE_H
#define SHUNT_CONTROL_ORDERS_CHANGE_H

#include <microhttpd.h>

struct request;

/* {"endpoint": "secondary", "for": "2h", "reason": "maintenance", "anyway": true}: all but the first may be left out. */
enum MHD_Result change_force(struct request *request);
enum MHD_Result change_auto(struct request *request);
/* Answers at once: nothing waits here for a probe. Whoever asks reads the record again until `probes` has come to `asked`. */
enum MHD_Result change_check(struct request *request);
enum MHD_Result change_reload(struct request *request);

#endif
