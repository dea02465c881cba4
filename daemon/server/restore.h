/* The state of the previous run: where it is, and what is in it. */
#ifndef SHUNT_SERVER_RESTORE_H
#define SHUNT_SERVER_RESTORE_H

#include <stdbool.h>

struct config;
struct in_force;
struct passwd;
struct saved;
struct state;

/*
 * Before root's privileges are given up, since the folder may have to be made: for `user`, or for the user that the daemon runs as
 * where that is NULL. NULL with a warning logged: the daemon works without it, until it is started again.
 */
struct state *restore_open(const struct in_force *in_force, const struct config *config,
                           const struct passwd *user);

/*
 * What the previous run saved; NULL: nothing, or nothing that can be trusted, which is logged. `state` may be NULL. False with errno:
 * it could not be read for lack of descriptors or memory, so the daemon must not start, and overwrite it.
 */
bool restore_read(const struct state *state, struct saved **saved);

#endif
