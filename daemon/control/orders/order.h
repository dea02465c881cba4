/*
 * The answer to an operator's order (`force`, `auto`), held until the order is on disk.
 *
 * change calls order_answer() once the order is in force. While the disk works, the connection is suspended; after ORDER_WAIT_MS, or when
 * the write fails, the answer says that the order is in force and not saved yet. control ends what waits before libmicrohttpd stops.
 */
#ifndef SHUNT_CONTROL_ORDERS_ORDER_H
#define SHUNT_CONTROL_ORDERS_ORDER_H

#include <microhttpd.h>
#include <stddef.h>
#include <sys/queue.h>

struct order;
struct request;

#define ORDER_WAIT_MS 3000u /* the command waits 5 s for an answer */

/* All orders of one listener that wait for the disk. */
struct orders {
	/* Called when a connection was resumed, for libmicrohttpd to go on. */
	void (*turn)(void *arg);
	void *arg;
	LIST_HEAD(, order) list;
};

/* Answers with the record of that index, at once or, with the connection suspended, later. */
enum MHD_Result order_answer(struct request *request, size_t index);

/* A request that was suspended is called again: its answer. */
enum MHD_Result order_resume(struct request *request);

/* When the request goes, however it ended. NULL is taken. */
void order_free(struct order *order);

/* The daemon stops: what waits is answered now. */
void orders_end(struct orders *orders);

#endif
