/*
 * What an errno of a connection says, and of whom. Pure tables.
 *
 * What connect() returns at once is ours; what comes later, by SO_ERROR, is the network's or the
 * peer's.
 */
#ifndef SHUNT_PROBE_KIND_ERRNO_WORDS_H
#define SHUNT_PROBE_KIND_ERRNO_WORDS_H

#include "probe/probe.h"

struct probe_outcome {
	int error; /* 0: any other; for probe_errno_broken(): the peer closed the connection */
	enum probe_why why;
	enum probe_path path; /* of a failure */
	const char *words;    /* NULL: the system's */
};

const struct probe_outcome *probe_errno_at_once(int error);
const struct probe_outcome *probe_errno_later(int error);
/* Of a connection that was made; 0: the peer closed it. */
const struct probe_outcome *probe_errno_broken(int error);

#endif
