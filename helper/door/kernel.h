/*
 * The kernel's part of the door: the BPF program of bpf/, its maps, and its links to cgroups.
 *
 * One map of answers serves all doors; each door has its own programs, and so its own count. Order of
 * calls: kernel_new(), then for each door kernel_load(), and kernel_attach() and kernel_detach() as
 * its cgroup comes and goes. Nothing is pinned: all of it is gone with the process.
 */
#ifndef SHUNT_HELPER_DOOR_KERNEL_H
#define SHUNT_HELPER_DOOR_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "shunt/door.h"

struct kernel;
struct kernel_door;

/* Returns NULL with `error` filled if the kernel refuses. */
struct kernel *kernel_new(char error[SHUNT_DOOR_TEXT_MAX]);
/* Every door must have been freed. NULL is allowed. */
void kernel_free(struct kernel *kernel);

/* Return false, with errno set, if the kernel refuses; dropping what is not there succeeds. */
bool kernel_put(struct kernel *kernel, const struct shunt_door_place *from,
                const struct shunt_door_place *to);
bool kernel_drop(struct kernel *kernel, const struct shunt_door_place *from);

/* Drops all places for which `keep` returns false. */
void kernel_sweep(struct kernel *kernel,
                  bool (*keep)(const void *arg, const struct shunt_door_place *from),
                  const void *arg);

/* Returns NULL with `error` filled. */
struct kernel_door *kernel_load(struct kernel *kernel, char error[SHUNT_DOOR_TEXT_MAX]);
/* Detaches. NULL is allowed. */
void kernel_unload(struct kernel_door *door);

/*
 * `cgroup`: a descriptor of the cgroup's folder; the caller keeps it. The door is not attached.
 * Returns false with `error` filled.
 */
bool kernel_attach(struct kernel_door *door, int cgroup, char error[SHUNT_DOOR_TEXT_MAX]);
void kernel_detach(struct kernel_door *door);

/* Connects that were rewritten since kernel_load(). */
uint64_t kernel_rewritten(const struct kernel_door *door);

#endif
