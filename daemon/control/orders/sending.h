/*
 * The response to an order for the fleet, deferred until etcd has the order or has refused it: the
 * connection is suspended meanwhile, and others are served.
 *
 * change calls sending_force() or sending_auto(). control ends the pending ones before libmicrohttpd is
 * stopped.
 */
#ifndef SHUNT_CONTROL_ORDERS_SENDING_H
#define SHUNT_CONTROL_ORDERS_SENDING_H

#include <microhttpd.h>
#include <stddef.h>

struct operate_order;
struct orders;
struct request;
struct sending;

/* `hosts`: as in operate_fleet_force(). Responds at once if it is refused here, else later. */
enum MHD_Result sending_force(struct request *request, size_t index,
                              const struct operate_order *order, const char *hosts);
enum MHD_Result sending_auto(struct request *request, size_t index, const char *by);

/* Called when libmicrohttpd calls the handler of a resumed request: sends its response. */
enum MHD_Result sending_resume(struct request *request);

/* Called when the request ends for any reason. NULL is allowed. */
void sending_free(struct sending *sending);

/* Called when the daemon stops: pending requests are answered now. */
void sending_end(struct orders *orders);

#endif
