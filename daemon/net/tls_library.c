#include "net/tls_library.h"

#include <openssl/crypto.h>

#include "base/log.h"

void tls_library_start(void)
{
	/* Without memory for its default context, OpenSSL's first digest would write through NULL. */
	if (!OSSL_LIB_CTX_get0_global_default())
		log_fatal("OpenSSL cannot start: out of memory");
}
