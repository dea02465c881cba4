/* The record or records that a request is about. */
#ifndef SHUNT_CONTROL_SUBJECT_H
#define SHUNT_CONTROL_SUBJECT_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "report/json.h"

struct request;

/* The record of the name in the path. False when there is none: the request is answered, and that gave `*result`. */
bool subject_record(struct request *request, size_t *index, enum MHD_Result *result);

/* All records, or the one that the query asks for with `record`. False: as above. */
bool subject_span(struct request *request, struct report_span *span, enum MHD_Result *result);

#endif
