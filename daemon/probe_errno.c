#include "probe_errno.h"

#include <errno.h>
#include <stddef.h>

/*
 * Returned by socket() or connect() at once: ours, unless it is an address of this host, which can answer that fast, or the host has
 * addresses of that kind and yet no way to this one, for now.
 */
static const struct probe_outcome at_once[] = {
	{ ECONNREFUSED, VERDICT_FAIL, PATH_UNKNOWN, "connection refused" }, /* one of our own */
	{ ENETUNREACH, VERDICT_FAIL, PATH_SILENT, "no route: network unreachable from here" },
	{ EHOSTUNREACH, VERDICT_FAIL, PATH_SILENT, "no route: host unreachable from here" },
	{ ENETDOWN, VERDICT_FAIL, PATH_SILENT, "no route: network down here" },
	{ EADDRNOTAVAIL, VERDICT_NONE, PATH_UNKNOWN,
	  "cannot connect from here: no free local port" },
	{ EAFNOSUPPORT, VERDICT_NONE, PATH_UNKNOWN,
	  "cannot connect from here: no such address family" },
	{ 0, VERDICT_NONE, PATH_UNKNOWN, NULL }
};

/* By SO_ERROR, later: the network's or the peer's. */
static const struct probe_outcome later[] = {
	{ ECONNREFUSED, VERDICT_FAIL, PATH_PROVEN, "connection refused" },
	{ ECONNRESET, VERDICT_FAIL, PATH_PROVEN, "connection reset" },
	{ EPIPE, VERDICT_FAIL, PATH_PROVEN, "connection reset" },
	{ ETIMEDOUT, VERDICT_FAIL, PATH_SILENT, "no answer to connect" },
	{ EHOSTUNREACH, VERDICT_FAIL, PATH_SILENT, "no route: host unreachable" },
	{ EHOSTDOWN, VERDICT_FAIL, PATH_SILENT, "no route: host down" },
	{ ENETUNREACH, VERDICT_FAIL, PATH_SILENT, "no route: network unreachable" },
	{ ENETDOWN, VERDICT_FAIL, PATH_SILENT, "no route: network down" },
	{ ENOMEM, VERDICT_NONE, PATH_UNKNOWN, "out of memory" },
	{ ENOBUFS, VERDICT_NONE, PATH_UNKNOWN, "out of memory" },
	{ 0, VERDICT_FAIL, PATH_UNKNOWN, NULL }
};

static const struct probe_outcome *find(const struct probe_outcome *table, int error)
{
	while (table->error && table->error != error)
		table++;
	return table;
}

const struct probe_outcome *probe_errno_at_once(int error)
{
	return find(at_once, error);
}

const struct probe_outcome *probe_errno_later(int error)
{
	return find(later, error);
}
