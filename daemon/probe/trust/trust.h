/*
 * The CA certificates that https and tls probes trust.
 *
 * There is one reference-counted X509_STORE for each CA file, shared by all attempts: reading the
 * system's bundle takes tens of milliseconds. Each attempt calls stat() on the file, and reads it
 * again if its device, inode, size or times have changed, so a replaced file is used from the next
 * attempt on; while it cannot be read there is no store.
 *
 * The server creates one object for all kinds, and frees it after them. Only trust_peer asks it.
 */
#ifndef SHUNT_PROBE_TRUST_TRUST_H
#define SHUNT_PROBE_TRUST_TRUST_H

#include <openssl/x509.h>

#define TRUST_WORDS_MAX 256

struct trust;

/* Returns NULL if out of memory. */
struct trust *trust_new(void);
/* NULL is allowed. */
void trust_free(struct trust *trust);

/*
 * The store of `file`, or of the system's bundle if it is NULL, with a reference for the caller.
 * Returns NULL, with a text, if it cannot be read.
 */
X509_STORE *trust_store(struct trust *trust, const char *file, char words[TRUST_WORDS_MAX]);

#endif
