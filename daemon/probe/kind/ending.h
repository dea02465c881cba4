/* How an attempt ended, before the prober considers whether its own loop was late. Pure. */
#ifndef SHUNT_PROBE_KIND_ENDING_H
#define SHUNT_PROBE_KIND_ENDING_H

#include "probe/probe.h"
#include "probe/why.h"

struct ending {
	enum probe_why why;
	enum probe_path path;
	/* For display; may come from outside: probe_finish() makes it printable. */
	char text[PROBE_DETAIL_MAX];
};

/* The path is set to unknown for a fault of this host, otherwise to proven. */
void ending_set(struct ending *ending, enum probe_why why, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/*
 * A read or write on an established connection failed with the errno `error`; 0: the peer closed
 * the connection. `before` is put before the text about the connection ("TLS: ").
 */
void ending_set_broken(struct ending *ending, const char *before, int error);

#endif
