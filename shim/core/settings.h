/* The environment variables, read once, at the first lookup of the process. */
#ifndef SHUNT_SHIM_SETTINGS_H
#define SHUNT_SHIM_SETTINGS_H

#include <stdbool.h>

#define SETTINGS_DISABLED 1u /* SHUNT_DISABLE, or a libc that is not ours (libc_is_ours()) */
#define SETTINGS_DEBUG 2u    /* SHUNT_DEBUG */

#define SETTINGS_FORCED 4u /* SHUNT_FORCE is set, and not too long */

#define SETTINGS_FORCE_MAX 4096 /* including the terminating zero; a longer list is ignored */
#define SETTINGS_SOCKET_MAX 108 /* sun_path of sockaddr_un, including the terminating zero */

unsigned settings_flags(void);

/* Whether no flag is set; false before settings_flags() was called for the first time. */
bool settings_are_default(void);

/* SHUNT_FORCE if SETTINGS_FORCED is set; else "". */
const char *settings_force(void);

/*
 * SHUNT_SOCKET, else the default. Returns false if it is too long, so there is nothing to connect
 * to.
 */
bool settings_socket(char path[SETTINGS_SOCKET_MAX]);

#endif
