/*
 * Memory that is given back all at once: what a configuration is made of.
 *
 * Allocation does not fail: when memory has run out it ends in log_fatal(). All sizes are bounded by CONFIG_TEXT_MAX, and libconfig,
 * which has just built a larger tree of the same text, knows no better end either.
 */
#ifndef SHUNT_BASE_ARENA_H
#define SHUNT_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/* NULL is taken. */
void arena_free(struct arena *arena);

/* Zeroed, aligned for anything. `count` * `size` may be 0: then it is a pointer that must not be read. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

char *arena_copy(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

#endif
