#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void *memory_calloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		log_fatal("out of memory");
	return memory;
}

void *memory_reallocarray(void *old, size_t count, size_t size)
{
	void *memory = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!memory)
		log_fatal("out of memory");
	return memory;
}

char *memory_strdup(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		log_fatal("out of memory");
	return copy;
}
