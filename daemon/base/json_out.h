/*
 * JSON written straight into a buffer: a tenth of what it costs to build a tree and dump that, for what is made a thousand at a time.
 *
 * Keys are ours and plain; they are NULL in an array. What is NULL or 0 where that stands for nothing is null. Objects and arrays are
 * opened and closed with their brackets.
 */
#ifndef SHUNT_BASE_JSON_OUT_H
#define SHUNT_BASE_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/text_out.h"

struct json_out {
	bool comma; /* one belongs before the next value */
	struct text_out out;
};

void json_out_open(struct json_out *out, const char *key, char bracket);
void json_out_close(struct json_out *out, char bracket);

/* Whatever it holds, what is written is valid UTF-8. */
void json_out_text(struct json_out *out, const char *key, const char *value);
void json_out_bool(struct json_out *out, const char *key, bool value);
void json_out_number(struct json_out *out, const char *key, uint64_t value);
void json_out_null(struct json_out *out, const char *key);
/* RFC 3339; 0 is nothing. */
void json_out_moment(struct json_out *out, const char *key, time_t value);
/* Microseconds as milliseconds; 0 is nothing. */
void json_out_ms(struct json_out *out, const char *key, uint64_t us);

/* The text, for the caller to free; NULL: out of memory. */
char *json_out_take(struct json_out *out);

#endif
