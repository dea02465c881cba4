/* The record or records that a request is about. */
#ifndef SHUNT_CONTROL_SUBJECT_H
#define SHUNT_CONTROL_SUBJECT_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "report/span.h"

struct request;

/*
 * The record named in the path. If there is none, responds with an error, stores its result in
 * `*result` and returns false.
 */
bool subject_record(struct request *request, size_t *index, enum MHD_Result *result);

/* All records, or the one that the query selects with `record`. Fails like subject_record(). */
bool subject_span(struct request *request, struct report_span *span, enum MHD_Result *result);

#endif
