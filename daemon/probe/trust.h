/*
 * What https and tls probes trust and say of themselves, and what they see of a peer's certificate.
 *
 * One reference-counted X509_STORE for each CA file, shared by all attempts: reading the system's bundle takes tens of
 * milliseconds. A file is looked at (stat) at each attempt and read again when its device, inode, size or times changed, so a
 * replaced file counts from the next attempt on; while it cannot be read there is no store. A client certificate is read at each
 * attempt.
 *
 * main makes one for all kinds. An attempt inits a peer before it connects, a context with it before the handshake, and frees both
 * when it ends.
 */
#ifndef SHUNT_PROBE_TRUST_H
#define SHUNT_PROBE_TRUST_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <time.h>

#include "config/config.h"

#define TRUST_WORDS_MAX 256

struct trust;

struct trust_peer {
	const struct check *check;
	const char *name;            /* that is sent as SNI, and that the certificate must have */
	X509_STORE *store;           /* NULL: whatever it shows is taken */
	time_t expires;              /* of its certificate; 0: none seen */
	bool asks;                   /* it wants a certificate of ours */
	char words[TRUST_WORDS_MAX]; /* what is wrong with it, or with our own files; "": nothing */
};

/* NULL: out of memory. */
struct trust *trust_new(void);
void trust_free(struct trust *trust);

/* False, with words: what the check trusts cannot be read. Either way to be freed. The check and the name must outlive it. */
bool trust_peer_init(struct trust *trust, struct trust_peer *peer, const struct check *check,
                     const char *host);
void trust_peer_free(struct trust_peer *peer);

/*
 * A handshake in `context` verifies the peer, by its store alone, and notes what it sees. False, with words: our own certificate
 * cannot be used, or memory is out. The peer must live as long as the context.
 */
bool trust_context_init(SSL_CTX *context, struct trust_peer *peer);

#endif
