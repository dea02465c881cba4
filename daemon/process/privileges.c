#include "process/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

bool privileges_are(const struct passwd *user)
{
	return geteuid() == user->pw_uid && getegid() == user->pw_gid;
}

bool privileges_become(const struct passwd *user)
{
	return setgroups(0, NULL) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0;
}

void privileges_forbid_dumps(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	prctl(PR_SET_DUMPABLE, 0);
#endif
}
