#include "probe/trust/cert_name.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"

struct slice {
	const char *text;
	size_t length;
};

static struct slice without_dot(const char *text, size_t length)
{
	if (length > 0 && text[length - 1] == '.')
		length--;
	return (struct slice){ text, length };
}

static bool same(struct slice one, struct slice other)
{
	return one.length == other.length && strncasecmp(one.text, other.text, one.length) == 0;
}

/* The part from the first dot on; empty if there is none. */
static struct slice after_label(struct slice name)
{
	const char *dot = memchr(name.text, '.', name.length);

	if (!dot)
		return (struct slice){ name.text, 0 };
	return (struct slice){ dot, name.length - (size_t)(dot - name.text) };
}

static bool is_wildcard(struct slice pattern)
{
	return pattern.length > 2 && memcmp(pattern.text, "*.", 2) == 0 &&
	       memchr(pattern.text + 2, '.', pattern.length - 2);
}

static bool covers(struct slice pattern, const char *name, bool is_address)
{
	struct slice host = without_dot(name, strlen(name));

	/* A name that contains a zero byte is not a valid name. */
	if (host.length == 0 || memchr(pattern.text, '\0', pattern.length))
		return false;
	pattern = without_dot(pattern.text, pattern.length);
	if (!is_address && is_wildcard(pattern))
		return same(after_label(pattern), after_label(host));
	return same(pattern, host);
}

static struct slice slice_of(const ASN1_STRING *string)
{
	return (struct slice){ (const char *)ASN1_STRING_get0_data(string),
		               (size_t)ASN1_STRING_length(string) };
}

static bool subject_matches(const X509 *certificate, const char *name, bool is_address)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int last = -1, next, length;
	unsigned char *text;
	bool matches;

	while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, last)) >= 0)
		last = next;
	if (last < 0)
		return false;
	length = ASN1_STRING_to_UTF8(&text,
	                             X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
	if (length < 0)
		return false;
	matches = covers((struct slice){ (const char *)text, (size_t)length }, name, is_address);
	OPENSSL_free(text);
	return matches;
}

/*
 * Whether one of the alternative DNS names matches. `*names` is set if there is any DNS name or
 * address.
 */
static bool alternative_matches(const X509 *certificate, const char *name, bool *names)
{
	GENERAL_NAMES *list = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool matches = false;

	*names = false;
	for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(list, i);

		*names |= one->type == GEN_DNS || one->type == GEN_IPADD;
		matches |= one->type == GEN_DNS && covers(slice_of(one->d.dNSName), name, false);
	}
	GENERAL_NAMES_free(list);
	return matches;
}

bool cert_name_matches(X509 *certificate, const char *name)
{
	struct address address;
	bool is_address = address_parse(name, &address);
	bool names, matches = alternative_matches(certificate, name, &names);

	if (!names)
		return subject_matches(certificate, name, is_address);
	return is_address ? X509_check_ip_asc(certificate, name, 0) == 1 : matches;
}
