/*
 * Cgroups of version 2 by their paths: "/system.slice/app.service", from the root of the hierarchy.
 * The decisions are pure; the rest reads /sys/fs/cgroup and /proc.
 */
#ifndef SHUNT_DOOR_CGROUP_H
#define SHUNT_DOOR_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_PATH_MAX 1024u /* of any process */

#define CGROUP_NONE                                                                                \
	"this host has no cgroups of version 2 below /sys/fs/cgroup; boot it with "                \
	"systemd.unified_cgroup_hierarchy=1"

/* Where this host has cgroups of version 2; NULL: nowhere. */
const char *cgroup_root(void);

/* Whether a process in `inside` is in `cgroup` or below it. */
bool cgroup_holds(const char *cgroup, const char *inside);

/*
 * The process's own, from the text of /proc/PID/cgroup: its line of version 2. Returns false if there
 * is none, or if it is too long.
 */
bool cgroup_of_text(const char *text, char path[CGROUP_PATH_MAX]);
bool cgroup_of_process(pid_t pid, char path[CGROUP_PATH_MAX]);

/*
 * Opens the cgroup's folder; `*id` is its number, which no later cgroup has. Returns -1 with errno set:
 * ENOENT if there is no such cgroup, EMEDIUMTYPE if the folder is of another filesystem. The caller
 * closes it.
 */
int cgroup_open(const char *root, const char *path, uint64_t *id);

/* The length of the longest part of the path, from its beginning, that exists; 0: the root alone. */
size_t cgroup_existing(const char *root, const char *path);

#endif
