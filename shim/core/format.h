/* Addresses → text. Calls nothing of libc and does not depend on the locale. */
#ifndef SHUNT_SHIM_FORMAT_H
#define SHUNT_SHIM_FORMAT_H

#include "shunt/table.h"

/* Eight groups of four digits and their colons, or an IPv4 address. */
#define FORMAT_TEXT_MAX 46

/* The address as text that libc can parse, without its zone. Returns `text`. */
const char *format_address(const struct shunt_address *address, char text[FORMAT_TEXT_MAX]);

#endif
