/* Whose rights programs get: a daemon that is root gives them to a user that is named, any other only has its own. */
#ifndef SHUNT_PROCESS_USER_H
#define SHUNT_PROCESS_USER_H

#include "process/spawn.h"

#define SPAWN_USER_ERROR_MAX 256

/* `name`: exec_user, or NULL. `self`: who the daemon is. False with `error` filled: what is wrong with the setting; the cure. */
bool user_choose(const char *name, uid_t self, struct spawn_user *user,
                 char error[SPAWN_USER_ERROR_MAX]);

#endif
