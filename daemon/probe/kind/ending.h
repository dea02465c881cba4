/* How an attempt ended, before the prober considers whether its own loop was late. Pure. */
#ifndef SHUNT_PROBE_KIND_ENDING_H
#define SHUNT_PROBE_KIND_ENDING_H

#include "probe/probe.h"
#include "probe/why.h"

struct ending {
	enum probe_why why;
	enum probe_path path;
	/* For people; perhaps from outside: probe_finish() makes it printable. */
	char text[PROBE_DETAIL_MAX];
};

/* The path is unknown after an own fault, else proven. */
void ending_set(struct ending *ending, enum probe_why why, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/*
 * A read or write on a connection that was made has failed with the errno `error`; 0: the peer
 * closed the connection. `before` stands before the words about the connection ("TLS: ").
 */
void ending_set_broken(struct ending *ending, const char *before, int error);

#endif
