#include "control/orders/reloading.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/memory.h"
#include "control/answer.h"
#include "control/orders/order.h"
#include "control/parts.h"
#include "control/request.h"
#include "reload/reload.h"
#include "report/json.h"

struct reloading {
	LIST_ENTRY(reloading) link; /* in orders->reloading, while suspended */
	struct request *request;
	struct reload_waiter waiter;
	bool suspended, ended;
	char *text;  /* JSON; NULL on failure, or if out of memory */
	char *error; /* NULL on success */
};

static void resume(struct reloading *reloading)
{
	struct orders *orders = reloading->request->orders;

	reloading->ended = true;
	if (!reloading->suspended)
		return;
	reloading->suspended = false;
	LIST_REMOVE(reloading, link);
	MHD_resume_connection(reloading->request->connection);
	orders->turn(orders->arg);
}

static void on_done(struct reload_waiter *waiter, const struct reload_result *result)
{
	struct reloading *reloading =
	        (struct reloading *)((char *)waiter - offsetof(struct reloading, waiter));

	if (result->error[0])
		reloading->error = memory_strdup(result->error);
	else
		reloading->text = report_reload(result);
	resume(reloading);
}

enum MHD_Result reloading_answer(struct request *request)
{
	struct reloading *reloading = calloc(1, sizeof(*reloading));

	if (!reloading)
		return MHD_NO;
	reloading->request = request;
	reloading->waiter.done = on_done;
	request->reloading = reloading;
	reload_request(request->parts->reload, &reloading->waiter);
	if (reloading->ended)
		return reloading_resume(request);
	reloading->suspended = true;
	LIST_INSERT_HEAD(&request->orders->reloading, reloading, link);
	MHD_suspend_connection(request->connection);
	return MHD_YES;
}

enum MHD_Result reloading_resume(struct request *request)
{
	struct reloading *reloading = request->reloading;
	char *text = reloading->text;

	reloading->text = NULL;
	if (reloading->error)
		return answer_error(request->connection, MHD_HTTP_UNPROCESSABLE_CONTENT, "%s",
		                    reloading->error);
	return answer_json(request->connection, MHD_HTTP_OK, text);
}

void reloading_free(struct reloading *reloading)
{
	if (!reloading)
		return;
	if (reloading->suspended)
		LIST_REMOVE(reloading, link);
	reload_forget(reloading->request->parts->reload, &reloading->waiter);
	free(reloading->text);
	free(reloading->error);
	free(reloading);
}

void reloading_end(struct orders *orders)
{
	struct reloading *reloading;

	while ((reloading = LIST_FIRST(&orders->reloading))) {
		reload_forget(reloading->request->parts->reload, &reloading->waiter);
		reloading->error =
		        memory_strdup("the daemon stops, and has not read the configuration again");
		resume(reloading);
	}
}
