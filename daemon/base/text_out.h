/* Text of any length, written piece by piece. Begins as zeros. */
#ifndef SHUNT_BASE_TEXT_OUT_H
#define SHUNT_BASE_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_out {
	char *text;
	size_t size, room;
	bool failed; /* no memory: nothing more is written */
};

/* Appends so many bytes, which the caller writes at once. NULL: no memory. */
char *text_out_add(struct text_out *out, size_t length);

void text_out_put(struct text_out *out, const char *bytes, size_t length);

void text_out_number(struct text_out *out, uint64_t value);

/* Microseconds as milliseconds, "1.500". */
void text_out_ms(struct text_out *out, uint64_t us);

/* The text, for the caller to free; NULL: no memory. */
char *text_out_take(struct text_out *out);

#endif
