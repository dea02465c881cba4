/*
 * The response to a request to reload, deferred until the reload has ended: the connection is suspended
 * meanwhile, and others are served.
 *
 * change calls reloading_answer(). control ends the pending ones before libmicrohttpd is stopped.
 */
#ifndef SHUNT_CONTROL_ORDERS_RELOADING_H
#define SHUNT_CONTROL_ORDERS_RELOADING_H

#include <microhttpd.h>

struct orders;
struct reloading;
struct request;

/* Requests a reload, and responds with its result, at once or later. */
enum MHD_Result reloading_answer(struct request *request);

/* Called when libmicrohttpd calls the handler of a resumed request: sends its response. */
enum MHD_Result reloading_resume(struct request *request);

/* Called when the request ends for any reason. NULL is allowed. */
void reloading_free(struct reloading *reloading);

/* Called when the daemon stops: pending requests are answered now. */
void reloading_end(struct orders *orders);

#endif
