#include "control/orders/change.h"

#include <stdio.h>

#include "base/duration.h"
#include "control/answer.h"
#include "control/body.h"
#include "control/orders/order.h"
#include "control/orders/reloading.h"
#include "control/orders/sending.h"
#include "control/parts.h"
#include "control/peer.h"
#include "control/request.h"
#include "control/rights.h"
#include "control/subject.h"
#include "monitor/monitor.h"
#include "monitor/operate.h"
#include "monitor/view.h"
#include "report/json.h"
#include "report/resets.h"

#define FLEET_FOR_MIN_MS 2000u

static const struct body_member no_members[] = { { 0 } };

/* Reads a body of flags, or of nothing. False if it has responded with an error. */
static bool read_flags(const struct request *request, const struct body_member *members,
                       enum MHD_Result *result)
{
	char error[BODY_ERROR_MAX];
	json_t *object = body_read(request->body, request->body_size, members, error);
	const bool good = object != NULL;

	if (!good)
		*result = answer_error(request->connection, MHD_HTTP_BAD_REQUEST, "%s", error);
	json_decref(object);
	return good;
}

/* --- a record --------------------------------------------------------------------------------- */

/*
 * Parses "10m" into milliseconds; NULL is 0. Returns false with `error` set if it is not a
 * duration.
 */
static bool read_for(const char *text, uint32_t *ms, char error[BODY_ERROR_MAX])
{
	static const char *const faults[] = {
		[DURATION_NO_UNIT] = "has no unit",
		[DURATION_BAD] = "is no duration",
		[DURATION_TOO_LONG] = "is more than 576h",
	};
	enum duration_error fault = DURATION_OK;

	*ms = 0;
	if (!text)
		return true;
	fault = duration_parse(text, ms);
	if (fault == DURATION_OK && *ms > 0)
		return true;
	snprintf(error, BODY_ERROR_MAX,
	         "for: \"%.64s\" %s; write it as in \"90s\", \"10m\" or \"2h\"", text,
	         fault == DURATION_OK ? "is no time at all" : faults[fault]);
	return false;
}

static enum MHD_Result force(struct request *request, size_t index,
                             const struct operate_order *order)
{
	static const unsigned statuses[] = {
		[OPERATE_NO_ENDPOINT] = MHD_HTTP_NOT_FOUND, [OPERATE_DOWN] = MHD_HTTP_CONFLICT
	};
	char error[OPERATE_ERROR_MAX];
	enum operate_forced forced = operate_force(request->parts->monitor, index, order, error);

	if (forced == OPERATE_FORCED)
		return order_answer(request, index);
	return answer_error(request->connection, statuses[forced], "%s", error);
}

/* Whether the members of an order fit each other; sets `error`. */
static bool check_fleet(bool fleet, const char *hosts, const struct operate_order *order,
                        char error[BODY_ERROR_MAX])
{
	if (hosts && !fleet)
		snprintf(error, BODY_ERROR_MAX,
		         "hosts: only an order for the fleet has hosts; add \"fleet\": true");
	else if (fleet && order->for_ms && order->for_ms < FLEET_FOR_MIN_MS)
		snprintf(error, BODY_ERROR_MAX, "for: etcd keeps no time of less than 2s");
	else
		return true;
	return false;
}

enum MHD_Result change_force(struct request *request)
{
	char name[RIGHTS_NAME_MAX], error[BODY_ERROR_MAX];
	const char *duration = NULL, *hosts = NULL;
	struct operate_order order = { .uid = request->peer->cred.uid };
	bool fleet = false;
	const struct body_member members[] = {
		{ .name = "endpoint", .text = &order.endpoint, .required = true },
		{ .name = "for", .text = &duration },
		{ .name = "reason", .text = &order.reason },
		{ .name = "anyway", .flag = &order.anyway },
		{ .name = "fleet", .flag = &fleet },
		{ .name = "hosts", .text = &hosts },
		{ 0 },
	};
	enum MHD_Result result;
	json_t *object;
	size_t index;

	if (!subject_record(request, &index, &result))
		return result;
	object = body_read(request->body, request->body_size, members, error);
	if (object && read_for(duration, &order.for_ms, error) &&
	    check_fleet(fleet, hosts, &order, error)) {
		order.by = rights_name(order.uid, name);
		result = fleet ? sending_force(request, index, &order, hosts)
		               : force(request, index, &order);
	} else {
		result = answer_error(request->connection, MHD_HTTP_BAD_REQUEST, "%s", error);
	}
	json_decref(object);
	return result;
}

enum MHD_Result change_auto(struct request *request)
{
	char name[RIGHTS_NAME_MAX];
	const char *by = rights_name(request->peer->cred.uid, name);
	enum MHD_Result result;
	bool fleet = false;
	const struct body_member members[] = { { .name = "fleet", .flag = &fleet }, { 0 } };
	size_t index;

	if (!subject_record(request, &index, &result) || !read_flags(request, members, &result))
		return result;
	if (fleet)
		return sending_auto(request, index, by);
	operate_auto(request->parts->monitor, index, by);
	return order_answer(request, index);
}

enum MHD_Result change_check(struct request *request)
{
	struct view_record record;
	enum MHD_Result result;
	uint32_t within_ms;
	size_t index;

	if (!subject_record(request, &index, &result) || !read_flags(request, no_members, &result))
		return result;
	within_ms = operate_check(request->parts->monitor, index);
	monitor_read(request->parts->monitor, index, &record);
	return answer_json(request->connection, MHD_HTTP_ACCEPTED,
	                   report_check(&record, within_ms));
}

enum MHD_Result change_reset(struct request *request)
{
	static const unsigned statuses[] = {
		[OPERATE_NO_ENDPOINT] = MHD_HTTP_NOT_FOUND, [OPERATE_DOWN] = MHD_HTTP_CONFLICT
	};
	char error[OPERATE_ERROR_MAX];
	struct operate_reset order = { .dry_run = false };
	const struct body_member members[] = {
		{ .name = "endpoint", .text = &order.endpoint, .required = true },
		{ .name = "dry_run", .flag = &order.dry_run },
		{ 0 },
	};
	enum operate_forced done;
	enum MHD_Result result;
	json_t *object;
	size_t index;

	if (!subject_record(request, &index, &result))
		return result;
	object = body_read(request->body, request->body_size, members, error);
	if (!object)
		return answer_error(request->connection, MHD_HTTP_BAD_REQUEST, "%s", error);
	done = operate_reset(request->parts->monitor, index, &order, error);
	json_decref(object);
	if (done == OPERATE_FORCED)
		return answer_json(request->connection, MHD_HTTP_ACCEPTED,
		                   resets_report_order(&order));
	return answer_error(request->connection, statuses[done], "%s", error);
}

/* --- the configuration ------------------------------------------------------------------------ */

enum MHD_Result change_reload(struct request *request)
{
	enum MHD_Result result;

	return read_flags(request, no_members, &result) ? reloading_answer(request) : result;
}
