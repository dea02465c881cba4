/*
 * What https probes trust, and what they say of a certificate that they do not.
 *
 * One reference-counted X509_STORE for each CA file, shared by all attempts: reading the system's bundle takes tens of
 * milliseconds. A file is looked at (stat) at each attempt and read again when its device, inode, size or times changed, so a
 * replaced file counts from the next attempt on; while it cannot be read there is no store.
 */
#ifndef SHUNT_PROBE_TLS_H
#define SHUNT_PROBE_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#define TLS_WORDS_MAX 256

struct tls_trust;

struct tls_trust *tls_trust_new(void);
void tls_trust_free(struct tls_trust *trust);

/*
 * The store of `file`, or of the system's bundle (as libcurl was built) when it is NULL. The caller frees its reference with
 * X509_STORE_free(). NULL, with words: it cannot be read.
 */
X509_STORE *tls_trust_get(struct tls_trust *trust, const char *file, char words[TLS_WORDS_MAX]);

/* Verifies by `store` alone; what is wrong with a certificate goes to `words`. False when memory is out. `words` must live as long as the context. */
bool tls_context_init(SSL_CTX *context, X509_STORE *store, char words[TLS_WORDS_MAX]);

#endif
