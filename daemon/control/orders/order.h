/*
 * The response to an operator's order (`force`, `auto`) for this host, deferred until the order is on disk.
 *
 * change calls order_answer() once the order is in force. While the order is being written, the
 * connection is suspended; after ORDER_WAIT_MS, or if the write fails, the response says that the
 * order is in force but not saved yet. control ends the pending ones before libmicrohttpd is
 * stopped.
 */
#ifndef SHUNT_CONTROL_ORDERS_ORDER_H
#define SHUNT_CONTROL_ORDERS_ORDER_H

#include <microhttpd.h>
#include <stddef.h>
#include <sys/queue.h>

struct order;
struct reloading;
struct request;
struct sending;

#define ORDER_WAIT_MS 3000u /* less than the 5 s that the command waits for a response */

/* All orders of one listener that wait: for the disk, for a reload, or for etcd. */
struct orders {
	/* Called after a connection was resumed, so that libmicrohttpd is run. */
	void (*turn)(void *arg);
	void *arg;
	LIST_HEAD(, order) list;
	LIST_HEAD(, reloading) reloading;
	LIST_HEAD(, sending) sending;
};

/* Responds with the record of that index, at once or later with the connection suspended. */
enum MHD_Result order_answer(struct request *request, size_t index);

/* Called when libmicrohttpd calls the handler of a resumed request: sends its response. */
enum MHD_Result order_resume(struct request *request);

/* Called when the request ends for any reason. NULL is allowed. */
void order_free(struct order *order);

/* Called when the daemon stops: pending orders are answered now. */
void orders_end(struct orders *orders);

#endif
