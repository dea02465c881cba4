/* Who is at the other end of a helper's connection. */
#ifndef SHUNT_HELPER_SERVE_CALLER_H
#define SHUNT_HELPER_SERVE_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

struct caller {
	uid_t uid;
	pid_t pid;
};

/*
 * Reads the credentials that the kernel recorded when the connection was made. Returns whether the
 * caller may ask: root, or the uid that the daemon runs as.
 */
bool caller_may_ask(int connection, uid_t daemon, struct caller *caller);

#endif
