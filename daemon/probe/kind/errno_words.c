#include "probe/kind/errno_words.h"

#include <errno.h>
#include <stddef.h>

/*
 * Returned immediately by socket() or connect(), before anything can have arrived from the network:
 * a fault of this host, or the lack of a route. Only an address of this host responds within the
 * call: by a refusal, or by a connection that is made and reset before connect() returns. Errors
 * not known to be this host's count as the endpoint's failure. docs/verdicts.md has the evidence
 * for each.
 */
static const struct probe_outcome at_once[] = {
	/* An address of this host. */
	{ ECONNREFUSED, WHY_REFUSED, PATH_UNKNOWN, "connection refused" },
	{ ECONNRESET, WHY_CLOSED, PATH_UNKNOWN, "connection reset" },
	{ ECONNABORTED, WHY_CLOSED, PATH_UNKNOWN, "connection reset" },
	{ ETIMEDOUT, WHY_TIMEOUT, PATH_UNKNOWN, "no answer to connect" },
	{ ENETUNREACH, WHY_NO_ROUTE, PATH_SILENT, "no route: network unreachable from here" },
	{ EHOSTUNREACH, WHY_NO_ROUTE, PATH_SILENT, "no route: host unreachable from here" },
	{ EHOSTDOWN, WHY_NO_ROUTE, PATH_SILENT, "no route: host down" },
	{ ENETDOWN, WHY_NO_ROUTE, PATH_SILENT, "no route: network down here" },
	{ EADDRNOTAVAIL, WHY_OWN_FAULT, PATH_UNKNOWN,
	  "cannot connect from here: no free local port" },
	{ EAFNOSUPPORT, WHY_OWN_FAULT, PATH_UNKNOWN,
	  "cannot connect from here: no such address family" },
	{ EMFILE, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ ENFILE, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ ENOMEM, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ ENOBUFS, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ EADDRINUSE, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ EAGAIN, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ EACCES, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ EPERM, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ EINVAL, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ ENOSYS, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ EPROTONOSUPPORT, WHY_OWN_FAULT, PATH_UNKNOWN, NULL },
	{ 0, WHY_OTHER, PATH_UNKNOWN, NULL }
};

/* Reported later by SO_ERROR: caused by the network or the peer. */
static const struct probe_outcome later[] = {
	{ ECONNREFUSED, WHY_REFUSED, PATH_PROVEN, "connection refused" },
	{ ECONNRESET, WHY_CLOSED, PATH_PROVEN, "connection reset" },
	{ EPIPE, WHY_CLOSED, PATH_PROVEN, "connection reset" },
	{ ETIMEDOUT, WHY_TIMEOUT, PATH_SILENT, "no answer to connect" },
	{ EHOSTUNREACH, WHY_NO_ROUTE, PATH_SILENT, "no route: host unreachable" },
	{ EHOSTDOWN, WHY_NO_ROUTE, PATH_SILENT, "no route: host down" },
	{ ENETUNREACH, WHY_NO_ROUTE, PATH_SILENT, "no route: network unreachable" },
	{ ENETDOWN, WHY_NO_ROUTE, PATH_SILENT, "no route: network down" },
	{ ECONNABORTED, WHY_OWN_FAULT, PATH_UNKNOWN, "reset on this host" },
	{ ENOMEM, WHY_OWN_FAULT, PATH_UNKNOWN, "out of memory" },
	{ ENOBUFS, WHY_OWN_FAULT, PATH_UNKNOWN, "out of memory" },
	{ 0, WHY_OTHER, PATH_UNKNOWN, NULL }
};

/*
 * For a read or write on an established connection: as for SO_ERROR, with a different text where
 * the connect is over.
 */
static const struct probe_outcome broken[] = {
	{ ENOTCONN, WHY_CLOSED, PATH_PROVEN,
	  "connection closed" }, /* returned by getpeername() after a reset */
	{ ECONNABORTED, WHY_CLOSED, PATH_PROVEN, "connection reset" },
	{ ECONNREFUSED, WHY_CLOSED, PATH_PROVEN, "connection reset" },
	{ ETIMEDOUT, WHY_TIMEOUT, PATH_SILENT, "no answer" },
	{ 0, WHY_CLOSED, PATH_PROVEN, "connection closed" }
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

const struct probe_outcome *probe_errno_broken(int error)
{
	const struct probe_outcome *outcome = find(broken, error);

	return outcome->error || !error ? outcome : probe_errno_later(error);
}
