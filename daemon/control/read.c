#include "control/read.h"

#include <string.h>

#include "control/answer.h"
#include "control/parts.h"
#include "control/request.h"
#include "control/subject.h"
#include "monitor/monitor.h"
#include "report/fleet.h"
#include "report/json.h"
#include "report/lines.h"
#include "report/metrics.h"
#include "report/resets.h"

static char *status_piece(const struct control_parts *parts, struct report_span span, size_t step,
                          bool *last)
{
	return report_status(parts->monitor, parts->in_force, span, step, last);
}

static char *listing_piece(const struct control_parts *parts, struct report_span span, size_t step,
                           bool *last)
{
	return lines_status(parts->monitor, span, step, last);
}

static char *metrics_text(const struct control_parts *parts, struct report_span span, size_t step,
                          bool *last)
{
	(void)span;
	return metrics_piece(&parts->metrics, step, last);
}

static char *fleet_piece(const struct control_parts *parts, struct report_span span, size_t step,
                         bool *last)
{
	return report_fleet(parts->monitor, span, step, last);
}

/*
 * Which records to report: all, the one selected by `record`, or none with `records=none`. Returns
 * false if it has responded with an error.
 */
static bool read_span(struct request *request, struct report_span *span, enum MHD_Result *result)
{
	const char *word = request_argument(request, "records");

	if (!word || strcmp(word, "all") == 0)
		return subject_span(request, span, result);
	*span = (struct report_span){ 0 };
	if (strcmp(word, "none") == 0)
		return true;
	*result = answer_error(request->connection, MHD_HTTP_BAD_REQUEST,
	                       "records: unknown value \"%.40s\"; give all or none", word);
	return false;
}

enum MHD_Result read_status(struct request *request)
{
	static const struct {
		const char *word, *type;
		answer_piece *piece;
	} formats[] = { { "json", "application/json", status_piece },
		        { "tsv", LINES_TYPE, listing_piece } };
	const char *word = request_argument(request, "format");
	enum MHD_Result result;
	struct report_span span;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(word ? word : "json", formats[i].word) != 0)
			continue;
		return read_span(request, &span, &result)
		               ? answer_pieces(request, formats[i].type, formats[i].piece, span)
		               : result;
	}
	return answer_error(request->connection, MHD_HTTP_BAD_REQUEST,
	                    "format: unknown value \"%.40s\"; give json or tsv", word);
}

enum MHD_Result read_page(struct request *request)
{
	return answer_page(request->connection);
}

enum MHD_Result read_metrics(struct request *request)
{
	return answer_pieces(request, METRICS_TYPE, metrics_text, (struct report_span){ 0 });
}

enum MHD_Result read_record(struct request *request)
{
	enum MHD_Result result;
	size_t index;

	if (!subject_record(request, &index, &result))
		return result;
	return answer_record(request->connection, request->parts->monitor, index);
}

enum MHD_Result read_resets(struct request *request)
{
	return answer_json(request->connection, MHD_HTTP_OK,
	                   resets_report(monitor_reset(request->parts->monitor)));
}

enum MHD_Result read_fleet(struct request *request)
{
	enum MHD_Result result;
	struct report_span span;

	if (!subject_span(request, &span, &result))
		return result;
	return answer_pieces(request, "application/json", fleet_piece, span);
}
