/*
 * malloc, calloc, reallocarray and strdup that call log_fatal() if out of memory. For sizes chosen
 * by the daemon, never for sizes from outside.
 */
#ifndef SHUNT_BASE_MEMORY_H
#define SHUNT_BASE_MEMORY_H

#include <stddef.h>

void *memory_calloc(size_t count, size_t size);
void *memory_reallocarray(void *old, size_t count, size_t size);
char *memory_strdup(const char *text);

#endif
