/* A name in the characters of the locale → the form that the table holds: UTF-8, lower case. Only lookup calls it. */
#ifndef SHUNT_SHIM_UNICODE_H
#define SHUNT_SHIM_UNICODE_H

#include <stdint.h>

/*
 * Its bytes in `out`, which is not terminated; 0: it has more than `size`, or is no text in this locale. A final dot is left out;
 * the other full stops of RFC 3490 3.1 are dots. Combining characters are not composed. Keeps errno.
 */
uint32_t unicode_fold(const char *name, char *out, uint32_t size);

#endif
