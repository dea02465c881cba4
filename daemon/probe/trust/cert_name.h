/*
 * Whether a certificate is valid for a name, decided as in libcurl (RFC 6125), since an endpoint
 * whose certificate is accepted by clients must not be down: OpenSSL's X509_check_host() supports
 * no '_' under a wildcard, and no final dot. Pure. Used only by trust_peer.
 *
 * - The alternative names count; if none is a DNS name or an address, the last common name counts.
 * - "*" matches the whole first label, and must be followed by at least two more.
 * - Case and a final dot are ignored.
 * - An address must equal an address of the certificate bytewise; wildcards never match it.
 */
#ifndef SHUNT_PROBE_TRUST_CERT_NAME_H
#define SHUNT_PROBE_TRUST_CERT_NAME_H

#include <openssl/x509.h>
#include <stdbool.h>

/* `name`: a host name or an IP literal. */
bool cert_name_matches(X509 *certificate, const char *name);

#endif
