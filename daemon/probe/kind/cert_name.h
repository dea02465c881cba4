/*
 * Is a certificate one for a name? As libcurl decides it (RFC 6125), since an endpoint whose
 * certificate the clients take is not to be down: OpenSSL's X509_check_host() knows no '_' under a
 * wildcard, and no dot at the end. Pure. trust is the only user.
 *
 * - The alternative names count; where none is a DNS name or an address, the last common name.
 * - "*" stands for the whole first label, before at least two more.
 * - Case and a dot at the end say nothing.
 * - An address is the same bytes in an address of the certificate, and never under a wildcard.
 */
#ifndef SHUNT_PROBE_KIND_CERT_NAME_H
#define SHUNT_PROBE_KIND_CERT_NAME_H

#include <openssl/x509.h>
#include <stdbool.h>

/* `name`: a host name or an IP literal. */
bool cert_name_matches(X509 *certificate, const char *name);

#endif
