/* The environment of a program that runs with the shim. */
#ifndef SHUNT_CLI_PROGRAM_PRELOAD_H
#define SHUNT_CLI_PROGRAM_PRELOAD_H

/* LD_PRELOAD with `library` added, given its present value (or NULL). The caller frees it. */
char *preload_list(const char *old, const char *library);

/*
 * GODEBUG that makes Go programs with cgo use libc, given its present value (or NULL). The caller
 * frees it.
 */
char *preload_godebug(const char *old);

/*
 * Sets LD_PRELOAD, GODEBUG and GRPC_DNS_RESOLVER, and removes SHUNT_DISABLE. `first` (or NULL) must
 * be loaded before everything else. Returns 0, or -1 and sets errno.
 */
int preload_set(const char *library, const char *first);

#endif
