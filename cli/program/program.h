/* The program that is to run: where it is, and what a preloaded library meets there. */
#ifndef SHUNT_CLI_PROGRAM_PROGRAM_H
#define SHUNT_CLI_PROGRAM_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

#define PROGRAM_NAME_SIZE 64

/* Searches PATH as execvp(3) does. 0 with the path, or an errno. */
int program_find(const char *name, char path[PATH_MAX]);

/* Why LD_PRELOAD has no effect in it, in words; NULL: nothing speaks against it. */
const char *program_beyond_reach(const char *path);

/* Whether it is linked with gcc's AddressSanitizer as a library, and by which name. */
bool program_asan(const char *path, char name[PROGRAM_NAME_SIZE]);

struct program_kind {
	unsigned bits; /* 32 or 64; 0: it is no program of ELF's */
	bool is_static;
	bool is_musl; /* for musl's loader */
};

/* False: it cannot be read. */
bool program_read(const char *path, struct program_kind *kind);

#endif
