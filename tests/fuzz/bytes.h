/* Split a fuzz input: take numbers and strings from its front. */
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

/*
 * Copy the data with a terminating NUL into a separate allocation, so that a read past the end is
 * detected. The caller frees it.
 */
static inline char *text_new(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	HOLDS(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Take the bytes up to the next NUL, or all that remain. The caller frees the result. */
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

/*
 * Check a one-line message: it is not empty and has no control characters; bytes of UTF-8 are
 * allowed.
 */
static inline void check_line(const char *text)
{
	HOLDS(text && *text);
	for (; *text; text++)
		HOLDS((unsigned char)*text >= ' ' && *text != 0x7f);
}

#endif
