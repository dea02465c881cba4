/* Text of any length, built piece by piece. The struct must be zeroed initially. */
#ifndef SHUNT_BASE_TEXT_OUT_H
#define SHUNT_BASE_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_out {
	char *text;
	size_t size, room;
	bool failed; /* out of memory: nothing more is written */
};

/* Appends `length` bytes, which the caller must fill immediately. Returns NULL if out of memory. */
char *text_out_add(struct text_out *out, size_t length);

void text_out_put(struct text_out *out, const char *bytes, size_t length);

void text_out_number(struct text_out *out, uint64_t value);

/* Microseconds, written as milliseconds: "1.500". */
void text_out_ms(struct text_out *out, uint64_t us);

/* Returns the text, to be freed by the caller; NULL if out of memory. */
char *text_out_take(struct text_out *out);

#endif
