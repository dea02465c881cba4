/*
 * The work of shunt-door: one daemon at a time writes the answers; the doors outlive its connection
 * for `stale_limit`, as the library's answers do.
 */
#ifndef SHUNT_HELPER_DOOR_SERVE_H
#define SHUNT_HELPER_DOOR_SERVE_H

#include <stdbool.h>
#include <sys/types.h>

struct serve_options {
	const char *file; /* the configuration */
	uid_t daemon;     /* who may ask besides root */
	int listening;    /* SOCK_SEQPACKET, non-blocking */
	bool stay;        /* even without a door and a daemon: nothing would start it again */
};

/* Returns the exit status, once nothing is left to do. Says on standard error what is wrong. */
int serve_run(const struct serve_options *options);

#endif
