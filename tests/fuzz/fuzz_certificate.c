/*
 * Certificate name matching, for libFuzzer and for the replay in tests/unit/fuzz.
 *
 * Input: the probed name, a NUL, then the DNS names of the certificate, each followed by a NUL. A
 * name matches if it is the probed name itself, or a wildcard for its whole first label (RFC 6125),
 * each with or without a trailing dot. The probed name itself must always match.
 */
#include <stdio.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "probe/trust/cert_name.h"
#include "tests/fuzz/bytes.h"

#define NAMES_MAX 8u

struct dns_name {
	const char *text;
	size_t size; /* may contain NULs */
};

static bool is_label(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
		            text[i]))
			return false;
	return length > 0 && length <= 63;
}

/* Same rules as in the configuration. */
static bool is_name(const char *text)
{
	const char *dot;

	if (strlen(text) > 253)
		return false;
	for (; (dot = strchr(text, '.')); text = dot + 1)
		if (!is_label(text, (size_t)(dot - text)))
			return false;
	/* If the last label were a number, this would be an address. */
	return is_label(text, strlen(text)) && text[strspn(text, "0123456789")];
}

/* Independent implementation of the matching rules. */
static bool may_match(const struct dns_name *pattern, const char *name)
{
	const char *rest = strchr(name, '.');
	char text[2][300];

	if (memchr(pattern->text, 0, pattern->size))
		return false;
	for (int dot = 0; dot < 2; dot++) {
		snprintf(text[0], sizeof(text[0]), "%s%s", name, dot ? "." : "");
		snprintf(text[1], sizeof(text[1]), "*%s%s", rest ? rest : "", dot ? "." : "");
		if (strcasecmp(pattern->text, text[0]) == 0 ||
		    (rest && strchr(rest + 1, '.') && strcasecmp(pattern->text, text[1]) == 0))
			return true;
	}
	return false;
}

static void add_name(GENERAL_NAMES *names, const struct dns_name *name)
{
	GENERAL_NAME *general = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	HOLDS(general && text && ASN1_STRING_set(text, name->text, (int)name->size));
	GENERAL_NAME_set0_value(general, GEN_DNS, text);
	HOLDS(sk_GENERAL_NAME_push(names, general));
}

static X509 *certificate_new(const struct dns_name *list, size_t count)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	X509 *certificate = X509_new();

	HOLDS(names && certificate);
	for (size_t i = 0; i < count; i++)
		add_name(names, &list[i]);
	HOLDS(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1);
	GENERAL_NAMES_free(names);
	return certificate;
}

static bool certificate_matches(const struct dns_name *list, size_t count, const char *name)
{
	X509 *certificate = certificate_new(list, count);
	bool matches = cert_name_matches(certificate, name);

	X509_free(certificate);
	return matches;
}

static void check(const struct dns_name *list, size_t count, const char *name)
{
	const struct dns_name own = { name, strlen(name) };
	bool may = false;

	for (size_t i = 0; i < count; i++)
		may |= may_match(&list[i], name);
	HOLDS(may || !certificate_matches(list, count, name));
	HOLDS(certificate_matches(&own, 1, name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	char *name = bytes_text(&bytes), *texts[NAMES_MAX];
	struct dns_name list[NAMES_MAX];
	size_t count = 0;

	for (; count < NAMES_MAX && bytes.size; count++) {
		texts[count] = bytes_text(&bytes);
		list[count] = (struct dns_name){ texts[count], strlen(texts[count]) };
	}
	/* Embed a NUL in the last name, as forged certificates do. */
	if (count && list[count - 1].size > 2 &&
	    memchr(texts[count - 1], '!', list[count - 1].size))
		*strchr(texts[count - 1], '!') = '\0';
	if (count && is_name(name))
		check(list, count, name);
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(name);
	return 0;
}
