/*
 * The report socket: clients say that a connection failed (shunt/protocol.h). Reads, checks and limits
 * the reports; what one means is the monitor's to decide.
 */
#ifndef SHUNT_PUBLISH_REPORTS_H
#define SHUNT_PUBLISH_REPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

#include "shunt/table.h"

struct event_base;
struct reports;

/* Anybody may have sent it: it is well-formed, and nothing more. */
struct reports_failure {
	char name[SHUNT_NAME_MAX + 1]; /* text from outside */
	struct address address;
};

struct reports_counts {
	uint64_t probed; /* started a probe */
	uint64_t
	        ignored; /* no such address, or it is being probed, or known to be in doubt or down */
	uint64_t limited; /* beyond what a uid, or all of them, may send */
	uint64_t invalid;
};

/* Returns true if the report starts a probe. */
typedef bool reports_taken(void *arg, const struct reports_failure *failure);

/*
 * `fd` is a bound, non-blocking socket (SOCK_DGRAM), owned by the caller; negative: there is none, and
 * no report comes.
 */
struct reports *reports_new(struct event_base *base, int fd, reports_taken *taken, void *arg);
/* Valid as long as the reports object. */
const struct reports_counts *reports_counts(const struct reports *reports);
/* NULL is allowed. */
void reports_free(struct reports *reports);

/* Whether these bytes are a report; fills `failure` if so. For tests. */
bool reports_read(const void *bytes, size_t size, struct reports_failure *failure);

#endif
