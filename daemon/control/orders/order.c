#include "control/orders/order.h"

#include <event2/event.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timer.h"
#include "control/answer.h"
#include "control/parts.h"
#include "control/request.h"
#include "control/subject.h"
#include "monitor/monitor.h"
#include "monitor/view.h"
#include "reload/in_force.h"
#include "report/json.h"
#include "state/state.h"

#define WARNING_MAX 200u

struct order {
	LIST_ENTRY(order) link;
	struct request *request;
	struct event *deadline;
	struct state_sync sync;
	bool suspended;
	char warning[WARNING_MAX]; /* "": the order is on disk */
};

static enum MHD_Result answer(struct request *request, size_t index, const char *warning)
{
	struct view_record record;

	monitor_read(request->parts->monitor, index, &record);
	return answer_json(request->connection, MHD_HTTP_OK, report_order(&record, warning));
}

/*
 * The response is known. It is created when libmicrohttpd calls the handler in the next iteration.
 */
static void resume(struct order *order)
{
	struct orders *orders = order->request->orders;

	if (!order->suspended)
		return;
	order->suspended = false;
	LIST_REMOVE(order, link);
	event_del(order->deadline);
	MHD_resume_connection(order->request->connection);
	orders->turn(orders->arg);
}

static void on_synced(struct state_sync *sync, int error)
{
	struct order *order = (struct order *)((char *)sync - offsetof(struct order, sync));

	if (error)
		snprintf(order->warning, WARNING_MAX, "in force, not saved yet: %s",
		         strerror(error));
	resume(order);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct order *order = arg;

	(void)fd;
	(void)what;
	state_sync_forget(&order->sync);
	snprintf(order->warning, WARNING_MAX,
	         "in force, not saved yet: the disk has not answered for %u s",
	         ORDER_WAIT_MS / 1000);
	resume(order);
}

/* Returns NULL if out of memory. */
static struct order *order_new(struct request *request)
{
	struct order *order = calloc(1, sizeof(*order));

	if (!order)
		return NULL;
	order->request = request;
	order->sync.done = on_synced;
	order->deadline = evtimer_new(request->parts->base, on_deadline, order);
	if (order->deadline && timer_try(order->deadline, ORDER_WAIT_MS))
		return order;
	order_free(order);
	return NULL;
}

void order_free(struct order *order)
{
	if (!order)
		return;
	if (order->suspended)
		LIST_REMOVE(order, link);
	state_sync_forget(&order->sync);
	if (order->deadline)
		event_free(order->deadline);
	free(order);
}

enum MHD_Result order_answer(struct request *request, size_t index)
{
	const struct control_parts *parts = request->parts;
	struct order *order;

	/* A private daemon ends with COMMAND and has no state_dir. */
	if (!parts->state)
		return answer(request, index,
		              parts->in_force->state_dir
		                      ? "in force, not saved: state_dir could not be used at "
		                        "the start, so that a restart forgets it"
		                      : NULL);
	order = order_new(request);
	if (!order)
		return answer(request, index, "in force, not saved yet: out of memory");
	request->order = order;
	if (state_sync(parts->state, &order->sync))
		return answer(request, index, NULL);
	order->suspended = true;
	LIST_INSERT_HEAD(&request->orders->list, order, link);
	MHD_suspend_connection(request->connection);
	return MHD_YES;
}

/* The name is looked up again, since a reload may have moved its record. */
enum MHD_Result order_resume(struct request *request)
{
	const char *warning = request->order->warning;
	enum MHD_Result result;
	size_t index;

	if (!subject_record(request, &index, &result))
		return result;
	return answer(request, index, *warning ? warning : NULL);
}

void orders_end(struct orders *orders)
{
	struct order *order;

	while ((order = LIST_FIRST(&orders->list))) {
		state_sync_forget(&order->sync);
		snprintf(order->warning, WARNING_MAX, "in force, not saved yet: the daemon stops");
		resume(order);
	}
}
