#include "probe/trust/trust_peer.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/stamp.h"
#include "probe/trust/cert_name.h"

struct trust_peer *trust_peer_new(struct trust *trust, const struct check *check, const char *host)
{
	const char *name = check->sni ? check->sni : host;
	struct trust_peer *peer = calloc(1, sizeof(*peer) + strlen(name) + 1);

	if (!peer)
		return NULL;
	peer->references = 1;
	strcpy(peer->name, name);
	if (check->tls_verify)
		peer->store = trust_store(trust, check->ca_file, peer->words);
	return peer;
}

void trust_peer_release(struct trust_peer *peer)
{
	if (!peer || --peer->references > 0)
		return;
	X509_STORE_free(peer->store);
	free(peer);
}

/* --- results of a handshake --- */

struct fault {
	int error;
	const char *words;
	const ASN1_TIME *(*date)(const X509 *certificate); /* appended to the text */
};

static const struct fault faults[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, "expired on ", X509_get0_notAfter },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "is not valid before ", X509_get0_notBefore },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "is self-signed", NULL },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "is from an unknown CA", NULL },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "is from an unknown CA", NULL },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "is from an unknown CA", NULL },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "is from an unknown CA", NULL },
	{ X509_V_ERR_CERT_UNTRUSTED, "is from an unknown CA", NULL },
	{ X509_V_ERR_INVALID_PURPOSE, "is not one for a server", NULL },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, "has too long a chain", NULL },
	{ X509_V_OK, NULL, NULL }
};

static void describe(X509_STORE_CTX *context, struct trust_peer *peer)
{
	int error = X509_STORE_CTX_get_error(context);
	const X509 *certificate = X509_STORE_CTX_get_current_cert(context);
	const struct fault *fault = faults;
	char date[32] = "";
	struct tm tm;

	while (fault->words && fault->error != error)
		fault++;
	if (fault->date && certificate && ASN1_TIME_to_tm(fault->date(certificate), &tm))
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	snprintf(peer->words, sizeof(peer->words), "%s %s%s",
	         fault->date && X509_STORE_CTX_get_error_depth(context) > 0 ? "CA certificate"
	                                                                    : "certificate",
	         fault->words ? fault->words : X509_verify_cert_error_string(error), date);
}

static time_t end_of(const X509 *certificate)
{
	struct tm tm;

	return certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) ? timegm(&tm)
	                                                                            : 0;
}

/* Called in every handshake; only here are the dates of a rejected certificate available. */
static int verify(X509_STORE_CTX *context, void *arg)
{
	struct trust_peer *peer = arg;
	X509 *certificate = X509_STORE_CTX_get0_cert(context);

	peer->expires = end_of(certificate);
	if (!peer->store)
		return 1;
	if (X509_verify_cert(context) <= 0) {
		describe(context, peer);
		return 0;
	}
	if (cert_name_matches(certificate, peer->name))
		return 1;
	X509_STORE_CTX_set_error(context, X509_V_ERR_HOSTNAME_MISMATCH);
	snprintf(peer->words, sizeof(peer->words), "certificate is not for \"%s\"", peer->name);
	return 0;
}

/* Plain texts for OpenSSL's reasons. */
static const struct {
	int reason;
	const char *words;
} reasons[] = {
	{ SSL_R_WRONG_VERSION_NUMBER, "the answer is not TLS" },
	{ SSL_R_HTTP_REQUEST, "the answer is not TLS" },
	{ SSL_R_PACKET_LENGTH_TOO_LONG, "the answer is not TLS" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "a client certificate is required" },
};

static const char *error_words(unsigned long error)
{
	const char *words = ERR_reason_error_string(error);

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (ERR_GET_LIB(error) == ERR_LIB_SSL && reasons[i].reason == ERR_GET_REASON(error))
			return reasons[i].words;
	}
	return words ? words : "OpenSSL gives no reason";
}

/* Only a regular file: see stamp.h. */
static bool use_file(SSL_CTX *context, const char *path, bool is_key)
{
	struct stamp stamp;

	if (!stamp_read(path, &stamp)) {
		ERR_raise(ERR_LIB_SYS, errno);
		return false;
	}
	return is_key ? SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) == 1
	              : SSL_CTX_use_certificate_chain_file(context, path) == 1;
}

static bool load_certificate(SSL_CTX *context, struct trust_peer *peer, const struct check *check)
{
	static char no_password[] = "";
	unsigned long error;

	if (!check->client_cert)
		return true;
	/* Without it, OpenSSL would prompt on the terminal. */
	SSL_CTX_set_default_passwd_cb_userdata(context, no_password);
	ERR_clear_error();
	if (use_file(context, check->client_cert, false) &&
	    use_file(context, check->client_key, true))
		return true;
	error = ERR_peek_error();
	ERR_clear_error();
	snprintf(peer->words, sizeof(peer->words), "cannot use the client certificate %s: %s",
	         check->client_cert,
	         ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : error_words(error));
	return false;
}

static void release_peer(void *parent, void *peer, CRYPTO_EX_DATA *data, int index, long number,
                         void *arg)
{
	(void)parent;
	(void)data;
	(void)index;
	(void)number;
	(void)arg;
	trust_peer_release(peer);
}

/* The index under which a context stores its peer. */
static int peer_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, release_peer);
	return index;
}

/* Called when the peer requests a client certificate, whether or not there is one. */
static int note_asked(SSL *ssl, void *arg)
{
	struct trust_peer *peer = arg;

	(void)ssl;
	peer->asks = true;
	return 1;
}

void trust_peer_note(struct trust_peer *peer, unsigned long error)
{
	if (error && !peer->error && !ERR_SYSTEM_ERROR(error))
		peer->error = error;
}

/*
 * Called after each step of a handshake and for each alert. A fatal alert and OpenSSL's first error
 * are the same in each release of libcurl.
 */
static void note_failure(const SSL *ssl, int where, int value)
{
	struct trust_peer *peer = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), peer_index());

	if (!peer)
		return;
	if (where == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL && !peer->error)
		peer->error = ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + (value & 0xff));
	else if (where & SSL_CB_EXIT && value <= 0)
		trust_peer_note(peer, ERR_peek_error());
}

bool trust_context_init(SSL_CTX *context, struct trust_peer *peer, const struct check *check)
{
	if (!SSL_CTX_set_ex_data(context, peer_index(), peer))
		return false;
	peer->references++;
	SSL_CTX_set_info_callback(context, note_failure);
	SSL_CTX_set_cert_cb(context, note_asked, peer);
	SSL_CTX_set_cert_verify_callback(context, verify, peer);
	if (!load_certificate(context, peer, check))
		return false;
	/* The context's own store is not used: libcurl replaces it later. */
	if (!peer->store || SSL_CTX_set1_verify_cert_store(context, peer->store) == 1)
		return true;
	snprintf(peer->words, sizeof(peer->words), "out of memory");
	return false;
}

void trust_peer_ending(const struct trust_peer *peer, int error, struct ending *ending)
{
	int reason = ERR_GET_REASON(peer->error);

	if (peer->words[0])
		ending_set(ending, WHY_CERTIFICATE, "%s", peer->words);
	else if (reason == ERR_R_MALLOC_FAILURE)
		ending_set(ending, WHY_OWN_FAULT, "out of memory");
	else if (!peer->error || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		ending_set_broken(ending, "TLS: ", error);
	else
		ending_set(ending, WHY_TLS, "TLS: %s", error_words(peer->error));
}
