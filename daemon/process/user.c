#include "process/user.h"

#include <pwd.h>
#include <stdio.h>

static bool refuse(char error[SPAWN_USER_ERROR_MAX], const char *format, const char *name)
{
	snprintf(error, SPAWN_USER_ERROR_MAX, format, name);
	return false;
}

bool user_choose(const char *name, uid_t self, struct spawn_user *user,
                 char error[SPAWN_USER_ERROR_MAX])
{
	const struct passwd *found = name ? getpwnam(name) : NULL;

	*user = (struct spawn_user){ .change = false };
	if (!name && self == 0)
		return refuse(
		        error,
		        "is missing, and a daemon that runs as root does not run programs as root "
		        "by default; write exec_user = \"%s\", or another user's name",
		        "nobody");
	if (!name)
		return true;
	if (!found)
		return refuse(error, "there is no user \"%s\"; create it or name another", name);
	if (self != 0 && found->pw_uid != self)
		return refuse(
		        error,
		        "a daemon that is not root cannot run programs as \"%s\"; remove the line, "
		        "or let the daemon stay root",
		        name);
	if (self == 0)
		*user = (struct spawn_user){ .change = true,
			                     .uid = found->pw_uid,
			                     .gid = found->pw_gid };
	return true;
}
