/*
 * The peer of a TLS handshake: what is required of its certificate, what was seen of it, and why
 * the handshake failed.
 *
 * An attempt creates a peer before it connects, initialises a context with it before the handshake,
 * and releases it when it ends. The context holds a reference too: newer releases of libcurl close
 * a connection, and free its context, some seconds after the attempt has ended. A client
 * certificate is read in each attempt.
 */
#ifndef SHUNT_PROBE_TRUST_TRUST_PEER_H
#define SHUNT_PROBE_TRUST_TRUST_PEER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <time.h>

#include "config/config.h"
#include "probe/kind/ending.h"
#include "probe/trust/trust.h"

struct trust_peer {
	unsigned references;
	X509_STORE *store; /* NULL: any certificate is accepted */
	time_t expires;    /* expiry of its certificate, wall clock; 0 if none was seen */
	bool asks;         /* it requests a client certificate */
	/* OpenSSL's error of the first failure or fatal alert; 0 if there was none. */
	unsigned long error;
	/* Problem with the peer's certificate, or with our own files; "" if there is none. */
	char words[TRUST_WORDS_MAX];
	char name[]; /* sent as SNI, and required in the certificate */
};

/*
 * Sets `words` if the check's trusted certificates cannot be read. Returns NULL if out of memory.
 */
struct trust_peer *trust_peer_new(struct trust *trust, const struct check *check, const char *host);
/* NULL is allowed. */
void trust_peer_release(struct trust_peer *peer);

/*
 * Prepares `context` so that a handshake verifies the peer with the peer's store only, and records
 * its properties. Returns false, possibly with a text, if the client certificate cannot be used or
 * memory has run out.
 */
bool trust_context_init(SSL_CTX *context, struct trust_peer *peer, const struct check *check);

/* Stores OpenSSL's current error if it is the first; 0 if there is none. */
void trust_peer_note(struct trust_peer *peer, unsigned long error);

/*
 * Called when a handshake, or a later read or write, has failed. `error` is the errno of the
 * connection; 0: it was closed.
 */
void trust_peer_ending(const struct trust_peer *peer, int error, struct ending *ending);

#endif
