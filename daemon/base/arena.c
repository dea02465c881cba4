#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"

#define CHUNK_BYTES 65536u /* one chunk is enough for a small configuration */

struct chunk {
	struct chunk *next;
	size_t size, used;
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct chunk *chunks; /* the first one is in use */
};

struct arena *arena_new(void)
{
	return memory_calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	struct chunk *next;

	if (!arena)
		return;
	for (struct chunk *chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

static struct chunk *chunk_new(size_t size)
{
	struct chunk *chunk = memory_calloc(1, sizeof(*chunk) + size);

	chunk->size = size;
	return chunk;
}

/*
 * Allocates a separate chunk for a large block, after the chunk in use so that the rest of that is
 * not lost.
 */
static void *alloc_large(struct arena *arena, size_t size)
{
	struct chunk *chunk = chunk_new(size);

	chunk->used = size;
	if (arena->chunks) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		arena->chunks = chunk;
	}
	return chunk->bytes;
}

/* A type's size is a multiple of its alignment: texts need none. */
static size_t alignment(size_t size)
{
	const size_t most = alignof(max_align_t), power = size & -size;

	return power == 0 || power > most ? most : power;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	const size_t unit = alignment(size);
	struct chunk *chunk = arena->chunks;
	size_t total, start;

	if (__builtin_mul_overflow(count, size, &total) || total > SIZE_MAX / 2)
		log_fatal("a configuration asks for %zu times %zu bytes", count, size);
	if (total > CHUNK_BYTES / 4)
		return alloc_large(arena, total);
	start = chunk ? (chunk->used + unit - 1) / unit * unit : 0;
	if (!chunk || start > chunk->size || chunk->size - start < total) {
		chunk = chunk_new(CHUNK_BYTES);
		chunk->next = arena->chunks;
		arena->chunks = chunk;
		start = 0;
	}
	chunk->used = start + total;
	return chunk->bytes + start;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1, 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text, *copy;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		log_fatal("out of memory");
	copy = arena_copy(arena, text, (size_t)length);
	free(text);
	return copy;
}
