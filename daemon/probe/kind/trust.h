/*
 * What https and tls probes trust and say of themselves, and what they see of a peer's certificate.
 *
 * One reference-counted X509_STORE for each CA file, shared by all attempts: reading the system's
 * bundle takes tens of milliseconds. A file is looked at (stat) at each attempt and read again when
 * its device, inode, size or times changed, so a replaced file counts from the next attempt on;
 * while it cannot be read there is no store. A client certificate is read at each attempt.
 *
 * main makes one for all kinds. An attempt makes a peer before it connects, inits a context with it
 * before the handshake, and releases it when it ends. The context holds it too: newer releases of
 * libcurl close a connection, and free its context, some seconds after the attempt has ended.
 */
#ifndef SHUNT_PROBE_KIND_TRUST_H
#define SHUNT_PROBE_KIND_TRUST_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <time.h>

#include "config/config.h"
#include "probe/kind/ending.h"

#define TRUST_WORDS_MAX 256

struct trust;

struct trust_peer {
	unsigned references;
	X509_STORE *store;           /* NULL: any certificate is accepted */
	time_t expires;              /* of its certificate, wall clock; 0: none seen */
	bool asks;                   /* it asks for a certificate of ours */
	unsigned long error;         /* OpenSSL's, of the first failure or fatal alert; 0: none */
	char words[TRUST_WORDS_MAX]; /* what is wrong with it, or with our own files; "": nothing */
	char name[];                 /* that is sent as SNI, and that the certificate must have */
};

/* NULL: out of memory. */
struct trust *trust_new(void);
void trust_free(struct trust *trust);

/* With words: what the check trusts cannot be read. NULL: out of memory. */
struct trust_peer *trust_peer_new(struct trust *trust, const struct check *check, const char *host);
/* NULL is taken. */
void trust_peer_release(struct trust_peer *peer);

/*
 * A handshake in `context` verifies the peer, by its store alone, and notes what it sees. False,
 * perhaps with words: our own certificate cannot be used, or memory is out.
 */
bool trust_context_init(SSL_CTX *context, struct trust_peer *peer, const struct check *check);

/* OpenSSL's error of the moment, kept if it is the first; 0: none. */
void trust_peer_note(struct trust_peer *peer, unsigned long error);

/*
 * A handshake, or what was read or written after it, has failed: `error` is the errno of the
 * connection, 0: it was closed.
 */
void trust_peer_ending(const struct trust_peer *peer, int error, struct ending *ending);

#endif
