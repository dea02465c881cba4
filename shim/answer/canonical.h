/* The canonical name of an internationalised record for AI_CANONIDN. Only addrinfo calls it. */
#ifndef SHUNT_SHIM_CANONICAL_H
#define SHUNT_SHIM_CANONICAL_H

/*
 * `name` with its xn-- labels decoded, in the locale's characters, for free(). NULL: it has none, one is not valid Punycode
 * (RFC 3492), the locale cannot write it, or there is no memory; then libc returns the name as it is.
 */
char *canonical_decode(const char *name);

#endif
