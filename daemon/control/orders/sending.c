#include "control/orders/sending.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"
#include "control/answer.h"
#include "control/orders/order.h"
#include "control/parts.h"
#include "control/request.h"
#include "monitor/monitor.h"
#include "monitor/operate_fleet.h"
#include "report/fleet.h"

struct sending {
	LIST_ENTRY(sending) link; /* in orders->sending, while suspended */
	struct request *request;
	bool suspended;
	char *text;  /* JSON, the answer if etcd takes the order; NULL if out of memory */
	char *error; /* NULL: none */
};

static void resume(struct sending *sending)
{
	struct orders *orders = sending->request->orders;

	sending->suspended = false;
	LIST_REMOVE(sending, link);
	MHD_resume_connection(sending->request->connection);
	orders->turn(orders->arg);
}

static void on_done(void *arg, const char *error)
{
	struct sending *sending = arg;

	if (error)
		sending->error = memory_strdup(error);
	resume(sending);
}

static struct sending *sending_new(struct request *request)
{
	struct sending *sending = calloc(1, sizeof(*sending));

	if (sending)
		sending->request = request;
	request->sending = sending;
	return sending;
}

/* Suspends the connection if the order is under way, else responds with the error. */
static enum MHD_Result suspend(struct sending *sending, enum operate_fleet_result result,
                               const char *error)
{
	static const unsigned statuses[] = {
		[OPERATE_FLEET_NONE] = MHD_HTTP_CONFLICT,
		[OPERATE_FLEET_NO_ENDPOINT] = MHD_HTTP_NOT_FOUND,
		[OPERATE_FLEET_DOWN] = MHD_HTTP_CONFLICT,
		[OPERATE_FLEET_BAD_HOSTS] = MHD_HTTP_BAD_REQUEST,
		[OPERATE_FLEET_UNSENT] = MHD_HTTP_SERVICE_UNAVAILABLE,
	};
	struct request *request = sending->request;

	if (result != OPERATE_FLEET_SENT)
		return answer_error(request->connection, statuses[result], "%s", error);
	sending->suspended = true;
	LIST_INSERT_HEAD(&request->orders->sending, sending, link);
	MHD_suspend_connection(request->connection);
	return MHD_YES;
}

enum MHD_Result sending_force(struct request *request, size_t index,
                              const struct operate_order *order, const char *hosts)
{
	struct monitor *monitor = request->parts->monitor;
	struct sending *sending = sending_new(request);
	char error[OPERATE_ERROR_MAX];
	enum operate_fleet_result result;
	struct fleet_order given;

	if (!sending)
		return MHD_NO;
	result = operate_fleet_force(monitor, index, order, hosts, on_done, sending, &given, error);
	if (result == OPERATE_FLEET_SENT) {
		sending->text = report_fleet_order(monitor_name(monitor, index), &given);
		free((void *)given.hosts);
	}
	return suspend(sending, result, error);
}

enum MHD_Result sending_auto(struct request *request, size_t index, const char *by)
{
	struct monitor *monitor = request->parts->monitor;
	struct sending *sending = sending_new(request);
	char error[OPERATE_ERROR_MAX];
	enum operate_fleet_result result;

	if (!sending)
		return MHD_NO;
	result = operate_fleet_auto(monitor, index, by, on_done, sending, error);
	if (result == OPERATE_FLEET_SENT)
		sending->text = report_fleet_order(monitor_name(monitor, index), NULL);
	return suspend(sending, result, error);
}

enum MHD_Result sending_resume(struct request *request)
{
	struct sending *sending = request->sending;
	char *text = sending->text;

	if (sending->error)
		return answer_error(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE, "%s",
		                    sending->error);
	sending->text = NULL;
	return answer_json(request->connection, MHD_HTTP_OK, text);
}

void sending_free(struct sending *sending)
{
	if (!sending)
		return;
	if (sending->suspended)
		LIST_REMOVE(sending, link);
	operate_fleet_forget(sending->request->parts->monitor, sending);
	free(sending->text);
	free(sending->error);
	free(sending);
}

void sending_end(struct orders *orders)
{
	struct sending *sending;

	while ((sending = LIST_FIRST(&orders->sending))) {
		operate_fleet_forget(sending->request->parts->monitor, sending);
		sending->error = memory_strdup("the daemon stops, and does not know whether etcd "
		                               "took the order");
		resume(sending);
	}
}
