/*
 * Memory that is freed all at once, used for configurations.
 *
 * Allocation does not fail: if memory runs out it ends in log_fatal(). All sizes are bounded by
 * CONFIG_TEXT_MAX, and libconfig, which has just built a larger tree of the same text, cannot
 * handle that case either.
 */
#ifndef SHUNT_BASE_ARENA_H
#define SHUNT_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/* NULL is allowed. */
void arena_free(struct arena *arena);

/*
 * Zeroed, aligned for any type of `size` bytes. `count` * `size` may be 0: then the pointer must not
 * be dereferenced.
 */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

char *arena_copy(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

#endif
