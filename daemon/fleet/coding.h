/* Keys and values as etcd's gateway writes them (RFC 4648 4, with padding). */
#ifndef SHUNT_FLEET_CODING_H
#define SHUNT_FLEET_CODING_H

#include <stddef.h>

/* The caller frees the text. */
char *coding_encode(const void *bytes, size_t length);

/*
 * The bytes, with a zero behind them, to be freed by the caller; NULL if `text`, which comes from
 * outside, is not valid. The empty text has no bytes.
 */
char *coding_decode(const char *text, size_t *length);

#endif
