#include "config/read/ca.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "config/file.h"
#include "net/tls_library.h"

#define CA_FILE_MAX (16u << 20) /* bytes; a system's whole bundle has 0.3 million */

/* Without it, OpenSSL would prompt on the terminal. The type is OpenSSL's. */
static int no_password(char *buffer, int size, int writing, void *arg)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static const char *read_certificates(BIO *bio)
{
	unsigned count = 0;
	unsigned long last;
	X509 *certificate;

	while ((certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
		X509_free(certificate);
		count++;
	}
	last = ERR_peek_last_error();
	ERR_clear_error();
	/*
	 * The reader ends with "no start line" after the last certificate, and also if there are
	 * none.
	 */
	if (ERR_GET_LIB(last) != ERR_LIB_PEM || ERR_GET_REASON(last) != PEM_R_NO_START_LINE)
		return "it holds a damaged certificate";
	return count ? NULL : "it holds no certificate in PEM form";
}

const char *config_ca_fault(const char *path)
{
	const char *why = NULL;
	size_t length;
	char *bytes = config_file_read(path, CA_FILE_MAX, &length, &why);
	BIO *bio;

	if (!bytes)
		return why;
	tls_library_start();
	ERR_clear_error();
	bio = BIO_new_mem_buf(bytes, (int)length);
	why = bio ? read_certificates(bio) : "out of memory";
	BIO_free(bio);
	free(bytes);
	return why;
}
