/* A range of records. */
#ifndef SHUNT_REPORT_SPAN_H
#define SHUNT_REPORT_SPAN_H

#include <stddef.h>

struct report_span {
	size_t first, count;
};

#endif
