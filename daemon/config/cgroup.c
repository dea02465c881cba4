#include "config/cgroup.h"

#include <stdbool.h>
#include <string.h>

#define HIERARCHY "/sys/fs/cgroup"
#define CURE "write it as /proc/PID/cgroup has it, as in \"/system.slice/app.service\""

/* "", "." or "..", which lead elsewhere than it seems. */
static bool has_odd_part(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/')) {
		size_t length = strcspn(++part, "/");

		if (length == 0 || (length <= 2 && strspn(part, ".") == length))
			return true;
	}
	return false;
}

const char *config_cgroup_fault(const char *path)
{
	if (*path != '/')
		return "is no path from the root of all cgroups; " CURE;
	if (strspn(path, "/") == strlen(path))
		return "is the root of all cgroups, which holds shuntd itself, whose probes would "
		       "go elsewhere; name that of the programs, as in "
		       "\"/system.slice/app.service\"";
	if (strncmp(path, HIERARCHY, strlen(HIERARCHY)) == 0)
		return "begins with the folder of all cgroups; " CURE;
	if (has_odd_part(path))
		return "has a part that is empty, \".\" or \"..\"; " CURE;
	return NULL;
}
