/*
 * The meaning of a connection's errno, and whose fault it is. Pure tables.
 *
 * An errno returned by connect() at once is a fault of this host; one reported later by SO_ERROR is
 * caused by the network or the peer.
 */
#ifndef SHUNT_PROBE_KIND_ERRNO_WORDS_H
#define SHUNT_PROBE_KIND_ERRNO_WORDS_H

#include "probe/probe.h"

struct probe_outcome {
	int error; /* 0: any other; in probe_errno_broken(): the peer closed the connection */
	enum probe_why why;
	enum probe_path path; /* path of a failure */
	const char *words;    /* NULL: use the system's text */
};

const struct probe_outcome *probe_errno_at_once(int error);
const struct probe_outcome *probe_errno_later(int error);
/* For an established connection; 0: the peer closed it. */
const struct probe_outcome *probe_errno_broken(int error);

#endif
