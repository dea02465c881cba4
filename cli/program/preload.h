/* The environment of a program that runs with the shim. */
#ifndef SHUNT_CLI_PROGRAM_PRELOAD_H
#define SHUNT_CLI_PROGRAM_PRELOAD_H

/* LD_PRELOAD with `library` in it, given the value that there was (or NULL). The caller frees. */
char *preload_list(const char *old, const char *library);

/* GODEBUG that has Go programs with cgo ask libc, given the value that there was (or NULL). The caller frees. */
char *preload_godebug(const char *old);

/*
 * Sets LD_PRELOAD and GODEBUG, and takes SHUNT_DISABLE away. `first`, or NULL: what must be loaded before all others. 0, or -1
 * with errno.
 */
int preload_set(const char *library, const char *first);

#endif
