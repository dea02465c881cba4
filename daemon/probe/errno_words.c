#include "probe/errno_words.h"

#include <errno.h>
#include <stddef.h>

/*
 * Returned by socket() or connect() at once: ours, unless it is an address of this host, which can answer that fast, or the host has
 * addresses of that kind and yet no way to this one, for now.
 */
static const struct probe_outcome at_once[] = {
	{ ECONNREFUSED, WHY_REFUSED, PATH_UNKNOWN, "connection refused" }, /* one of our own */
	{ ENETUNREACH, WHY_NO_ROUTE, PATH_SILENT, "no route: network unreachable from here" },
	{ EHOSTUNREACH, WHY_NO_ROUTE, PATH_SILENT, "no route: host unreachable from here" },
	{ ENETDOWN, WHY_NO_ROUTE, PATH_SILENT, "no route: network down here" },
	{ EADDRNOTAVAIL, WHY_OWN_FAULT, PATH_UNKNOWN,
	  "cannot connect from here: no free local port" },
	{ EAFNOSUPPORT, WHY_OWN_FAULT, PATH_UNKNOWN,
	  "cannot connect from here: no such address family" },
	{ 0, WHY_OWN_FAULT, PATH_UNKNOWN, NULL }
};

/* By SO_ERROR, later: the network's or the peer's. */
static const struct probe_outcome later[] = {
	{ ECONNREFUSED, WHY_REFUSED, PATH_PROVEN, "connection refused" },
	{ ECONNRESET, WHY_CLOSED, PATH_PROVEN, "connection reset" },
	{ EPIPE, WHY_CLOSED, PATH_PROVEN, "connection reset" },
	{ ETIMEDOUT, WHY_TIMEOUT, PATH_SILENT, "no answer to connect" },
	{ EHOSTUNREACH, WHY_NO_ROUTE, PATH_SILENT, "no route: host unreachable" },
	{ EHOSTDOWN, WHY_NO_ROUTE, PATH_SILENT, "no route: host down" },
	{ ENETUNREACH, WHY_NO_ROUTE, PATH_SILENT, "no route: network unreachable" },
	{ ENETDOWN, WHY_NO_ROUTE, PATH_SILENT, "no route: network down" },
	{ ENOMEM, WHY_OWN_FAULT, PATH_UNKNOWN, "out of memory" },
	{ ENOBUFS, WHY_OWN_FAULT, PATH_UNKNOWN, "out of memory" },
	{ 0, WHY_OTHER, PATH_UNKNOWN, NULL }
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
