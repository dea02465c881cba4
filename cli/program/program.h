/* The program to run: its path, and whether a library can be preloaded into it. */
#ifndef SHUNT_CLI_PROGRAM_PROGRAM_H
#define SHUNT_CLI_PROGRAM_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

#define PROGRAM_NAME_SIZE 64

/* Searches PATH as execvp(3) does. Returns 0 and the path, or an errno. */
int program_find(const char *name, char path[PATH_MAX]);

/* Why LD_PRELOAD has no effect on it, in words; NULL: no reason found. */
const char *program_beyond_reach(const char *path);

/* Whether it is dynamically linked with gcc's AddressSanitizer, and the name of that library. */
bool program_asan(const char *path, char name[PROGRAM_NAME_SIZE]);

struct program_kind {
	unsigned bits; /* 32 or 64; 0: not an ELF program */
	bool is_static;
	bool is_musl; /* it uses musl's loader */
	bool is_go;   /* built by Go, whose own resolver asks DNS without libc */
};

/* Returns false if the file cannot be read. */
bool program_read(const char *path, struct program_kind *kind);

#endif
