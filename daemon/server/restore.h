/* Opens and reads the state saved by the previous run. */
#ifndef SHUNT_SERVER_RESTORE_H
#define SHUNT_SERVER_RESTORE_H

#include <stdbool.h>

struct config;
struct in_force;
struct passwd;
struct saved;
struct state;

/*
 * Must be called before root's privileges are dropped, since the folder may have to be created: for
 * `user` or, if that is NULL, for the user that the daemon runs as. Returns NULL with a warning
 * logged if it cannot be opened: the daemon then runs without saved state until the next restart.
 */
struct state *restore_open(const struct in_force *in_force, const struct config *config,
                           const struct passwd *user);

/*
 * Sets `*saved` to the state saved by the previous run; NULL if there is none, or none that can be
 * trusted, which is logged. `state` may be NULL. Returns false with errno if it could not be read
 * for lack of descriptors or memory: the daemon must not start then, because it would overwrite the
 * file.
 */
bool restore_read(const struct state *state, struct saved **saved);

#endif
