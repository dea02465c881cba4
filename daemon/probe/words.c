#include "probe/words.h"

#include <stddef.h>
#include <string.h>

/* Parts of libcurl's and OpenSSL's texts, and what they mean. */
static const char *const texts[][2] = {
	{ "wrong version number", "the answer is not TLS" },
	{ "http request", "the answer is not TLS" },
	{ "packet length too long", "the answer is not TLS" },
	{ "alert certificate required", "a client certificate is required" },
	{ "unexpected eof", "connection closed" },
	{ "SSL_ERROR_SYSCALL", "connection closed" },
	{ "SSL_ERROR_ZERO_RETURN", "connection closed" },
	{ "Connection reset", "connection reset" },
	{ "getpeername() failed", "connection closed" }, /* before libcurl asked who it is */
	{ "Out of memory in chunked", "a trailer without end" },
	{ NULL, NULL }
};

const char *words_plain(const char *text)
{
	const char *reason = text;

	for (size_t i = 0; texts[i][0]; i++) {
		if (strstr(text, texts[i][0]))
			return texts[i][1];
	}
	/* "…error:0A000410:SSL routines::sslv3 alert handshake failure": the last part is for people. */
	for (const char *p = strstr(text, "error:"); p; p = strstr(p + 1, "::"))
		reason = p[0] == ':' ? p + 2 : reason;
	return reason;
}
