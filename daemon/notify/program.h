/* The arguments and environment of a notify program, and its standard input: the event as JSON. */
#ifndef SHUNT_NOTIFY_PROGRAM_H
#define SHUNT_NOTIFY_PROGRAM_H

#include <stdbool.h>

#include "process/spawn.h"

struct event_item;

/*
 * `argv` ends with NULL. The input points to the event's own text. Returns false and sets errno if
 * out of memory.
 */
bool notify_program_make(char *const *argv, const struct event_item *event,
                         struct spawn_program *program);

#endif
