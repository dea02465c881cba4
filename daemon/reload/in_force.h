/*
 * What is in force since the start, whatever a later configuration says: paths, the TCP port, the user.
 *
 * In a private directory (`shunt run -c`) the sockets are there, and there is no port, user, state, and no program that events are sent
 * to: what the file says of them is ignored. Made once at the start; everything else only reads it.
 */
#ifndef SHUNT_RELOAD_IN_FORCE_H
#define SHUNT_RELOAD_IN_FORCE_H

#include <stdbool.h>

#include "config/config.h"
#include "config/error.h"

struct cmdline;
struct spawn_user;

struct in_force {
	const char *file; /* the configuration's; the command line's */
	bool is_private;
	char *socket;
	char *control;
	char *http;      /* as written; NULL: none */
	char *user;      /* NULL: stay who started it */
	char *state_dir; /* NULL: no state is kept */
};

/* in_force_free() also where the structure is all zeros. */
void in_force_init(struct in_force *in_force, const struct cmdline *options,
                   const struct config *config);
void in_force_free(struct in_force *in_force);

/* Logs each setting of a new configuration that has no effect until the next start, or none at all. */
void in_force_compare(const struct in_force *in_force, const struct config *config);

/* How many of the configuration's `notify` programs get events. */
size_t in_force_notify_count(const struct in_force *in_force, const struct config *config);

/* Chooses whom programs run as, if there are any to run. False with `error` filled. */
bool in_force_exec_user(const struct in_force *in_force, const struct config *config,
                        struct spawn_user *user, char error[CONFIG_ERROR_MAX]);

#endif
