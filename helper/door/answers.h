/*
 * The answers in force, in the kernel's map, and a new complete set while it arrives.
 *
 * answers_begin(), then answers_take() for each change, then answers_commit(); later each
 * answers_take() is in force at once. Each returns false with errno set if the kernel refuses.
 */
#ifndef SHUNT_HELPER_DOOR_ANSWERS_H
#define SHUNT_HELPER_DOOR_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

#include "shunt/door.h"

struct kernel;

/* All zeros: no set is under way. */
struct answers {
	struct shunt_door_change *set; /* while a complete set arrives; else NULL */
	size_t count;
};

bool answers_begin(struct answers *answers);
bool answers_take(struct answers *answers, struct kernel *kernel,
                  const struct shunt_door_change *change);
bool answers_commit(struct answers *answers, struct kernel *kernel);
/* Ends a set that is under way; what is in force stays. */
void answers_drop(struct answers *answers);

#endif
