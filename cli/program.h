/* The program that is to run: where it is, and whether a preloaded library reaches it. */
#ifndef SHUNT_PROGRAM_H
#define SHUNT_PROGRAM_H

#include <limits.h>

/* Searches PATH as execvp(3) does. 0 with the path, or an errno. */
int program_find(const char *name, char path[PATH_MAX]);

/* Why LD_PRELOAD has no effect in it, in words; NULL: nothing speaks against it. */
const char *program_beyond_reach(const char *path);

#endif
