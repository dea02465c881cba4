/*
 * Selects the user that programs run as: a daemon running as root can use any named user, any other
 * daemon only its own.
 */
#ifndef SHUNT_PROCESS_USER_H
#define SHUNT_PROCESS_USER_H

#include "process/spawn.h"

#define SPAWN_USER_ERROR_MAX 256

/*
 * `name`: exec_user, or NULL. `self`: the daemon's user. On failure returns false with `error`
 * filled: the problem with the setting; the cure.
 */
bool user_choose(const char *name, uid_t self, struct spawn_user *user,
                 char error[SPAWN_USER_ERROR_MAX]);

#endif
