#include "door/answers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "door/kernel.h"

bool answers_begin(struct answers *answers)
{
	answers_drop(answers);
	answers->set = calloc(SHUNT_DOOR_ENTRIES_MAX, sizeof(answers->set[0]));
	return answers->set;
}

void answers_drop(struct answers *answers)
{
	free(answers->set);
	*answers = (struct answers){ 0 };
}

static int by_from(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct shunt_door_place));
}

static bool apply(struct kernel *kernel, const struct shunt_door_change *change)
{
	return by_from(&change->from, &change->to) == 0
	               ? kernel_drop(kernel, &change->from)
	               : kernel_put(kernel, &change->from, &change->to);
}

bool answers_take(struct answers *answers, struct kernel *kernel,
                  const struct shunt_door_change *change)
{
	if (!answers->set)
		return apply(kernel, change);
	if (answers->count == SHUNT_DOOR_ENTRIES_MAX) {
		errno = E2BIG;
		return false;
	}
	answers->set[answers->count++] = *change;
	return true;
}

static bool is_in_set(const void *arg, const struct shunt_door_place *from)
{
	const struct answers *answers = arg;

	return answers->count > 0 &&
	       bsearch(from, answers->set, answers->count, sizeof(answers->set[0]), by_from);
}

/* What is new comes first: no place of both sets is without its answer meanwhile. */
bool answers_commit(struct answers *answers, struct kernel *kernel)
{
	bool done = true;

	if (!answers->set)
		return true;
	if (answers->count > 0)
		qsort(answers->set, answers->count, sizeof(answers->set[0]), by_from);
	for (size_t i = 0; i < answers->count && done; i++)
		done = apply(kernel, &answers->set[i]);
	if (done)
		kernel_sweep(kernel, is_in_set, answers);
	answers_drop(answers);
	return done;
}
