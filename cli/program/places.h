/*
 * Where the library and the daemon are, relative to this program: in a build tree, or below one
 * prefix.
 */
#ifndef SHUNT_CLI_PROGRAM_PLACES_H
#define SHUNT_CLI_PROGRAM_PLACES_H

#include <limits.h>
#include <stdbool.h>

struct places {
	char library
	        /*
	         * for LD_PRELOAD, with a literal $LIB, which the loader replaces for the program's
	         * width
	         */
	        [PATH_MAX];
	char daemon[PATH_MAX]; /* set by places_find_daemon() */
	char bin[PATH_MAX];    /* the folder of this program, */
	char prefix[PATH_MAX]; /* and its parent; "": none */
};

/*
 * Returns false after printing an error if the library is missing, or its path cannot be used in
 * LD_PRELOAD.
 */
bool places_find(struct places *places);

/* The same for an executable at `self`. */
bool places_find_from(struct places *places, const char *self);

/*
 * Called after one of the above if a daemon is to be started. Returns false after printing an error
 * if it is not there.
 */
bool places_find_daemon(struct places *places);

/* Makes a path relative to the working directory absolute. Returns false if it does not fit. */
bool places_absolute(const char *path, char absolute[PATH_MAX]);

#endif
