#include "config/read/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/file.h"
#include "config/read/ca.h"
#include "net/tls_library.h"

/* Bytes; a file with a certificate and a chain has a few thousand. */
#define KEY_FILE_MAX (1u << 20)

static bool read_ca_file(const struct config_group *group, struct check *check)
{
	struct config_reader *reader = group->reader;
	const char *fault;

	if (!config_value_path(group, OPT_CHECK_CA_FILE, &check->ca_file))
		return false;
	if (!check->ca_file || (reader->ca_file && strcmp(reader->ca_file, check->ca_file) == 0))
		return true;
	fault = config_ca_fault(check->ca_file);
	if (fault)
		return config_fail(reader, group->values[OPT_CHECK_CA_FILE],
		                   "cannot use %s: %s; name a readable file of PEM certificates",
		                   check->ca_file, fault);
	reader->ca_file = check->ca_file;
	return true;
}

/*
 * The first certificate is the client's own. An empty password is given, because OpenSSL would
 * otherwise prompt for one on the terminal.
 */
static const char *pair_fault(BIO *certificates, BIO *keys)
{
	char no_password[] = "";
	X509 *certificate = PEM_read_bio_X509(certificates, NULL, NULL, no_password);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(keys, NULL, NULL, no_password);
	const char *why = NULL;

	if (!key)
		why = "it holds no private key in PEM form without a password";
	else if (!certificate || X509_check_private_key(certificate, key) != 1)
		why = "its private key is not the certificate's";
	EVP_PKEY_free(key);
	X509_free(certificate);
	ERR_clear_error();
	return why;
}

/* What is wrong with two files; NULL if nothing is. The key must not be open to every user. */
static const char *key_fault(const char *cert_path, const char *key_path)
{
	const char *why = NULL;
	size_t cert_length, key_length;
	char *cert = config_file_read(cert_path, KEY_FILE_MAX, &cert_length, &why);
	char *key =
	        cert ? config_file_read_secret(key_path, KEY_FILE_MAX, &key_length, &why) : NULL;
	BIO *certificates = key ? BIO_new_mem_buf(cert, (int)cert_length) : NULL;
	BIO *keys = key ? BIO_new_mem_buf(key, (int)key_length) : NULL;

	if (certificates && keys)
		why = pair_fault(certificates, keys);
	else if (key)
		why = "out of memory";
	BIO_free(certificates);
	BIO_free(keys);
	free(key);
	free(cert);
	return why;
}

bool config_tls_read_pair(const struct config_group *group, enum option cert_option,
                          enum option key_option, const char **cert_path, const char **key_path)
{
	const struct tree *cert = group->values[cert_option], *key = group->values[key_option];
	const char *key_name = config_options[key_option].name, *fault;
	char cure[64];

	if (!config_value_path(group, cert_option, cert_path) ||
	    !config_value_path(group, key_option, key_path))
		return false;
	if (key && !cert) {
		snprintf(cure, sizeof(cure), "the certificate that %s is for", key_name);
		return config_fail_missing(group, cert_option, cure);
	}
	if (!cert)
		return true;
	fault = config_ca_fault(*cert_path);
	if (fault)
		return config_fail(group->reader, cert,
		                   "cannot use %s: %s; name a readable file of PEM certificates",
		                   *cert_path, fault);
	if (!key)
		*key_path = *cert_path;
	fault = key_fault(*cert_path, *key_path);
	return !fault || config_fail(group->reader, key ? key : cert,
	                             "cannot use %s: %s; name a file of the certificate's private "
	                             "key, as %s if that is another one",
	                             *key_path, fault, key_name);
}

bool config_tls_read(const struct config_group *group, struct check *check)
{
	/* Now, since in a probe it could end a daemon that answers. */
	if (config_options[OPT_CHECK_TLS_VERIFY].types & 1u << check->type)
		tls_library_start();
	return config_value_bool(group, OPT_CHECK_TLS_VERIFY, &check->tls_verify) &&
	       read_ca_file(group, check) &&
	       config_value_host(group, OPT_CHECK_SNI, false, &check->sni) &&
	       config_tls_read_pair(group, OPT_CHECK_CLIENT_CERT, OPT_CHECK_CLIENT_KEY,
	                            &check->client_cert, &check->client_key) &&
	       config_value_duration(group, OPT_CHECK_CERT_WARNING, &check->cert_warning);
}
