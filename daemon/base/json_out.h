/*
 * Writes JSON directly into a buffer. This takes a tenth of the time of building and dumping a
 * tree, for output with thousands of values.
 *
 * Keys are constants without special characters, or NULL in an array. NULL, or 0 where it means no
 * value, is written as null. Objects and arrays are opened and closed by writing their brackets.
 */
#ifndef SHUNT_BASE_JSON_OUT_H
#define SHUNT_BASE_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/text_out.h"

struct json_out {
	bool comma; /* the next value must be preceded by a comma */
	struct text_out out;
};

void json_out_open(struct json_out *out, const char *key, char bracket);
void json_out_close(struct json_out *out, char bracket);

/* The output is valid UTF-8 whatever the text contains. */
void json_out_text(struct json_out *out, const char *key, const char *value);
void json_out_bool(struct json_out *out, const char *key, bool value);
void json_out_number(struct json_out *out, const char *key, uint64_t value);
void json_out_null(struct json_out *out, const char *key);
/* RFC 3339; 0 is written as null. */
void json_out_moment(struct json_out *out, const char *key, time_t value);
/* Microseconds, written as milliseconds; 0 is written as null. */
void json_out_ms(struct json_out *out, const char *key, uint64_t us);

/* Returns the text, to be freed by the caller; NULL if out of memory. */
char *json_out_take(struct json_out *out);

#endif
