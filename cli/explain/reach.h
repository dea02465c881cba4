/*
 * Through which door a process is reached: the preloaded library, the NSS module, the BPF program of
 * its cgroup, or none, and which one would reach it. Pure.
 */
#ifndef SHUNT_CLI_EXPLAIN_REACH_H
#define SHUNT_CLI_EXPLAIN_REACH_H

#include <jansson.h>

#include "program/process.h"

struct reach {
	const char *door; /* "preload", "nss", "bpf" or "none" */
	const char
	        *brief;   /* why, in a few words: "statically linked"; "" unless the door is none */
	const char *cure; /* what to do for it to have one; NULL if it has */
};

/*
 * Says what was found in `step`. `status` is the daemon's: its "doors" are those of cgroups, each
 * with "cgroup" and "state".
 */
struct reach reach_find(const json_t *status, const struct process *process, json_t *step);

#endif
