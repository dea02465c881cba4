/*
 * What the kernel's refusal of a door means, and the cure; and the question whether it would refuse.
 */
#ifndef SHUNT_DOOR_REFUSAL_H
#define SHUNT_DOOR_REFUSAL_H

#include <stdbool.h>

#include "shunt/door.h"

enum refusal_step { REFUSAL_MAP, REFUSAL_PROGRAM, REFUSAL_LINK };

/* `error`: an errno. Returns `text`. */
const char *refusal_words(enum refusal_step step, int error, char text[SHUNT_DOOR_TEXT_MAX]);

/*
 * Whether this host can have doors at all, as far as this process may ask: cgroups of version 2 and, as
 * root, a kernel that takes a program for connect(). Fills `text` and returns false if not.
 */
bool refusal_expects_none(char text[SHUNT_DOOR_TEXT_MAX]);

#endif
