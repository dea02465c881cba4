/* The canonical name of an internationalised record for AI_CANONIDN. Called only by addrinfo. */
#ifndef SHUNT_SHIM_CANONICAL_H
#define SHUNT_SHIM_CANONICAL_H

/*
 * `name` with its xn-- labels decoded, in the locale's encoding, to be freed with free(). NULL if
 * it has no such label, one is not valid Punycode (RFC 3492), the locale cannot encode it, or
 * memory has run out; then libc returns the name unchanged.
 */
char *canonical_decode(const char *name);

#endif
