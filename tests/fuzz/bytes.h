/* An input taken apart: numbers and texts from its front. */
#ifndef SHUNT_FUZZ_BYTES_H
#define SHUNT_FUZZ_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/target.h"

struct bytes {
	const uint8_t *data;
	size_t size;
};

static inline uint8_t bytes_number(struct bytes *bytes)
{
	if (bytes->size == 0)
		return 0;
	bytes->size--;
	return *bytes->data++;
}

/* A copy with a zero behind it, in memory of its own, so that one byte too many is seen. The caller frees it. */
static inline char *text_new(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	HOLDS(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* The bytes up to the next zero, or all of them. The caller frees it. */
static inline char *bytes_text(struct bytes *bytes)
{
	const uint8_t *end = bytes->size ? memchr(bytes->data, 0, bytes->size) : NULL;
	size_t length = end ? (size_t)(end - bytes->data) : bytes->size;
	char *text = text_new(bytes->data, length);

	if (bytes->size) {
		bytes->data += length + (end != NULL);
		bytes->size -= length + (end != NULL);
	}
	return text;
}

/* One line of words for a person: not empty, and nothing that a terminal would obey but what UTF-8 needs. */
static inline void check_line(const char *text)
{
	HOLDS(text && *text);
	for (; *text; text++)
		HOLDS((unsigned char)*text >= ' ' && *text != 0x7f);
}

#endif
