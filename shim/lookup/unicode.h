/*
 * A name in the locale's encoding → the form that the table contains: UTF-8, lower case. Called
 * only by lookup.
 */
#ifndef SHUNT_SHIM_UNICODE_H
#define SHUNT_SHIM_UNICODE_H

#include <stdint.h>

/*
 * Stores the bytes in `out`, without a terminator, and returns their number; 0: more than `size`,
 * or not valid text in this locale. A final dot is dropped; the other full stops of RFC 3490 3.1
 * become dots. Combining characters are not composed. Preserves errno.
 */
uint32_t unicode_fold(const char *name, char *out, uint32_t size);

#endif
