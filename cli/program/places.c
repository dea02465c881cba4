#include "program/places.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"

#define LIBRARY "libshunt.so"
#define DAEMON "shuntd"

static bool join(char path[PATH_MAX], const char *a, const char *b, const char *c)
{
	int n = snprintf(path, PATH_MAX, "%s/%s/%s", a, b, c);

	return n > 0 && n < PATH_MAX;
}

/* The library of this program's own width is below `folder`. */
static bool has_library(const char *folder)
{
	char path[PATH_MAX];

	return join(path, folder, SHUNT_LIB, LIBRARY) && access(path, R_OK) == 0;
}

/* Removes the last component. */
static bool up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

static bool find_library(struct places *places)
{
	const char *folder = has_library(places->bin) ? places->bin : places->prefix;

	if (folder == places->prefix && !has_library(folder)) {
		cli_error("cannot find " LIBRARY ": it is neither at %s/" SHUNT_LIB
		          " nor at %s/" SHUNT_LIB,
		          places->bin, places->prefix);
		return false;
	}
	if (strpbrk(folder, " :$")) {
		cli_error("LD_PRELOAD cannot name a library below %s: a space, ':' or '$' is in "
		          "the path; install shunt elsewhere",
		          folder);
		return false;
	}
	return join(places->library, folder, "$LIB", LIBRARY);
}

bool places_find_daemon(struct places *places)
{
	if (join(places->daemon, places->bin, ".", DAEMON) && access(places->daemon, X_OK) == 0)
		return true;
	if (join(places->daemon, places->prefix, "sbin", DAEMON) &&
	    access(places->daemon, X_OK) == 0)
		return true;
	cli_error("cannot find " DAEMON ": it is neither at %s/" DAEMON " nor at %s/sbin/" DAEMON,
	          places->bin, places->prefix);
	return false;
}

bool places_find_from(struct places *places, const char *self)
{
	if (snprintf(places->bin, sizeof(places->bin), "%s", self) >= PATH_MAX ||
	    !up(places->bin)) {
		cli_error("cannot tell where this program is installed");
		return false;
	}
	strcpy(places->prefix, places->bin);
	if (!up(places->prefix))
		places->prefix[0] = '\0';
	return find_library(places);
}

bool places_find(struct places *places)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0) {
		cli_error("cannot read /proc/self/exe: %s", strerror(errno));
		return false;
	}
	self[n] = '\0';
	return places_find_from(places, self);
}

bool places_absolute(const char *path, char absolute[PATH_MAX])
{
	char folder[PATH_MAX];
	int n;

	if (path[0] == '/')
		n = snprintf(absolute, PATH_MAX, "%s", path);
	else if (getcwd(folder, sizeof(folder)))
		n = snprintf(absolute, PATH_MAX, "%s/%s", folder, path);
	else
		return false;
	return n > 0 && n < PATH_MAX;
}
