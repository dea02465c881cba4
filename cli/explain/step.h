/* An explanation in steps: what was examined, in order, and which step decided. Pure. */
#ifndef SHUNT_CLI_EXPLAIN_STEP_H
#define SHUNT_CLI_EXPLAIN_STEP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Appends {"step": name, "decided": false, "text": []} to an array, which owns it. `name` is
 * lower-case words separated by '_'.
 */
json_t *step_add(json_t *steps, const char *name);

/*
 * Appends a line to the step's text; two leading spaces make it a detail of the line before.
 * Untrusted text is made printable.
 */
void step_say(json_t *step, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Marks the step of that name as the one that decided. */
void step_decide(json_t *steps, const char *name);

/*
 * Prints the steps in `width` columns. The one that decided has a mark and, with `bold`, is bold.
 */
void step_print(const json_t *steps, size_t width, bool bold, FILE *out);

#endif
