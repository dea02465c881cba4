/* Where the library and the daemon are, seen from this program: in a build tree, or below one prefix. */
#ifndef SHUNT_CLI_PROGRAM_PLACES_H
#define SHUNT_CLI_PROGRAM_PLACES_H

#include <limits.h>
#include <stdbool.h>

struct places {
	char library
	        [PATH_MAX]; /* for LD_PRELOAD, with a literal $LIB: the loader picks the program's width */
	char daemon[PATH_MAX]; /* set by places_find_daemon() */
	char bin[PATH_MAX];    /* the folder of this program, */
	char prefix[PATH_MAX]; /* and the one above it; "": there is none */
};

/* False when the library is missing, or is where LD_PRELOAD cannot name it; that has been said. */
bool places_find(struct places *places);

/* The same for an executable at `self`. */
bool places_find_from(struct places *places, const char *self);

/* After one of the two above, where a daemon is to be started. False when there is none; that has been said. */
bool places_find_daemon(struct places *places);

/* `path` from the working directory, as an absolute one. False when it does not fit. */
bool places_absolute(const char *path, char absolute[PATH_MAX]);

#endif
