/* What a notify program is started with: its arguments, its environment, and the event as JSON on standard input. */
#ifndef SHUNT_NOTIFY_PROGRAM_H
#define SHUNT_NOTIFY_PROGRAM_H

#include <stdbool.h>

#include "process/spawn.h"

struct event_item;

/* `argv` ends with NULL. The input is the event's own text. False with errno: out of memory. */
bool notify_program_make(char *const *argv, const struct event_item *event,
                         struct spawn_program *program);

#endif
