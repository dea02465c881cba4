/*
 * malloc, calloc, reallocarray and strdup that end in fatal() when there is no memory. For sizes that the daemon chooses, never for
 * sizes from outside.
 */
#ifndef SHUNT_BASE_MEMORY_H
#define SHUNT_BASE_MEMORY_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);

#endif
