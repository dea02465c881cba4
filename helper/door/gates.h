/*
 * The doors of the configuration: each is attached while its cgroup exists, again after that was made
 * anew, and refused where it must not be.
 *
 * gates_init(), then gates_configure() with each configuration, and gates_look() once a second and
 * whenever gates_fd() is readable: cgroups come and go with their services.
 */
#ifndef SHUNT_HELPER_DOOR_GATES_H
#define SHUNT_HELPER_DOOR_GATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shunt/door.h"

struct allow;
struct kernel;
struct kernel_door;

struct gate {
	char cgroup[SHUNT_DOOR_CGROUP_MAX];
	struct kernel_door *door; /* NULL: it is refused, until gates_configure() */
	uint64_t id;              /* of the cgroup that it is attached to; 0: none */
	bool wanted;              /* the configuration has it */
	uint32_t state;           /* SHUNT_DOOR_ */
	char text[SHUNT_DOOR_TEXT_MAX];
	struct shunt_door_reply told; /* what the daemon was told last */
};

struct gates {
	struct kernel *kernel; /* NULL: not yet, or the kernel refuses */
	const char *root;      /* of all cgroups; NULL: there are none of version 2 */
	int notices;           /* inotify */
	pid_t daemon;
	struct gate *list;
	size_t count;
};

/* Returns false with errno set. */
bool gates_init(struct gates *gates);
/* Detaches all. */
void gates_free(struct gates *gates);

/*
 * A door that stays as it was is never without its program. `daemon`: the process that asks; no door
 * may hold it, since its probes would go elsewhere too. False: out of memory.
 */
bool gates_configure(struct gates *gates, const struct allow *allow, pid_t daemon);
void gates_look(struct gates *gates);

/* Readable when a cgroup has come or gone; gates_look() reads it. Owned by the callee. */
int gates_fd(const struct gates *gates);

/* Each door's state, if it differs from what was told last, or always with `all`. */
void gates_tell(struct gates *gates, bool all,
                void (*tell)(void *arg, const struct shunt_door_reply *reply), void *arg);

#endif
