/* The routes of the control API that write. */
#ifndef SHUNT_CONTROL_ORDERS_CHANGE_H
#define SHUNT_CONTROL_ORDERS_CHANGE_H

#include <microhttpd.h>

struct request;

/*
 * {"endpoint": "secondary", "for": "2h", "reason": "maintenance", "anyway": true, "fleet": true,
 * "hosts": "10%"}: all members but the first are optional. With "fleet" the order is one for the fleet,
 * and with "hosts" for a part of it.
 */
enum MHD_Result change_force(struct request *request);
/* {"fleet": true} ends the order for the fleet; without it the override of this host. */
enum MHD_Result change_auto(struct request *request);
/*
 * Responds at once, without waiting for a probe. The client reads the record again until `probes`
 * has reached `asked`.
 */
enum MHD_Result change_check(struct request *request);
/*
 * {"endpoint": "primary", "dry_run": true}. Responds at once with the order's number; GET /v1/resets
 * has what came of it.
 */
enum MHD_Result change_reset(struct request *request);
enum MHD_Result change_reload(struct request *request);

#endif
