/* An explanation in steps: what was looked at, in order, in words, and which step decided. Pure. */
#ifndef SHUNT_CLI_EXPLAIN_STEP_H
#define SHUNT_CLI_EXPLAIN_STEP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Appends {"step": name, "decided": false, "text": []} to an array, whose it is. `name` is lower-case words with '_' between. */
json_t *step_add(json_t *steps, const char *name);

/* Appends a line to its text; two spaces at its start make it a detail of the line before. What is foreign is made printable. */
void step_say(json_t *step, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The step of that name is the one that decided. */
void step_decide(json_t *steps, const char *name);

/* In `width` columns. The one that decided has a mark, and with `bold` is bold. */
void step_print(const json_t *steps, size_t width, bool bold, FILE *out);

#endif
