#include "fleet/coding.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/memory.h"

char *coding_encode(const void *bytes, size_t length)
{
	char *text = memory_calloc(1, (length + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
	return text;
}

/* OpenSSL skips blanks around the text, and takes padding anywhere in the last block for zeros. */
static size_t padding(const char *text, size_t length)
{
	const size_t end = strcspn(text, "=");

	return length - end <= 2 && strspn(text + end, "=") == length - end ? length - end : 3;
}

char *coding_decode(const char *text, size_t *length)
{
	static const char letters[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	const size_t size = strlen(text), padded = padding(text, size);
	char *bytes;
	int n;

	if (size % 4 || padded > 2 || size > INT_MAX || text[strspn(text, letters)])
		return NULL;
	bytes = calloc(1, size / 4 * 3 + 1);
	if (!bytes)
		return NULL;
	n = size ? EVP_DecodeBlock((unsigned char *)bytes, (const unsigned char *)text, (int)size)
	         : 0;
	if (n < (int)padded) {
		free(bytes);
		return NULL;
	}
	*length = (size_t)n - padded;
	bytes[*length] = '\0';
	return bytes;
}
