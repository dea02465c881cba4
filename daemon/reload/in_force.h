/*
 * The settings that are fixed at the start, whatever a later configuration contains: paths, the TCP
 * port, the user.
 *
 * In a private directory (`shunt run -c`) the sockets are in that directory, and there is no port,
 * user, state or notify program: these settings in the file are ignored. Created once at the start;
 * all other code only reads it.
 */
#ifndef SHUNT_RELOAD_IN_FORCE_H
#define SHUNT_RELOAD_IN_FORCE_H

#include <stdbool.h>

#include "config/config.h"
#include "config/error.h"

struct cmdline;
struct spawn_user;

struct in_force {
	const char *file; /* the configuration, from the command line */
	bool is_private;
	char *socket;
	char *control;
	char *http;      /* as written; NULL if there is none */
	char *user;      /* NULL: keep the user that started the daemon */
	char *state_dir; /* NULL: no state is saved */
};

/* in_force_free() may be called on a structure that is all zeros. */
void in_force_init(struct in_force *in_force, const struct cmdline *options,
                   const struct config *config);
void in_force_free(struct in_force *in_force);

/*
 * Logs each setting of a new configuration that takes effect only after a restart, or not at all.
 */
void in_force_compare(const struct in_force *in_force, const struct config *config);

/* The number of `notify` programs in the configuration that receive events. */
size_t in_force_notify_count(const struct in_force *in_force, const struct config *config);

/* Where the helper listens that resets connections; NULL: a private daemon has none. */
const char *in_force_reset_socket(const struct in_force *in_force, const struct config *config);

/*
 * Selects the user that programs run as, if any programs are configured. Returns false with `error`
 * filled.
 */
bool in_force_exec_user(const struct in_force *in_force, const struct config *config,
                        struct spawn_user *user, char error[CONFIG_ERROR_MAX]);

#endif
