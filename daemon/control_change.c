#include "control_change.h"

#include "control_answer.h"
#include "control_body.h"
#include "control_request.h"
#include "reload.h"
#include "report.h"

/* For a request that takes no members: MHD_YES and true, or refused. */
static enum MHD_Result check_empty(const struct request *request, bool *good)
{
	static const struct body_member none[] = { { 0 } };
	char error[BODY_ERROR_MAX];
	json_t *object = body_read(request->body, request->body_size, none, error);

	*good = object != NULL;
	json_decref(object);
	return *good ? MHD_YES
	             : answer_error(request->connection, MHD_HTTP_BAD_REQUEST, "%s", error);
}

enum MHD_Result change_reload(struct request *request)
{
	struct reload_result reload;
	enum MHD_Result result;
	bool good;

	result = check_empty(request, &good);
	if (!good)
		return result;
	if (reload_run(request->parts->reload, &reload))
		result = answer_json(request->connection, MHD_HTTP_OK, report_reload(&reload));
	else
		result = answer_error(request->connection, MHD_HTTP_UNPROCESSABLE_CONTENT, "%s",
		                      reload.error);
	reload_result_free(&reload);
	return result;
}
