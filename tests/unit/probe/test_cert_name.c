/* Which names a certificate is for: those that libcurl takes it for, whatever OpenSSL's own function says. */
#include "tests/support/unit.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "daemon/probe/trust/cert_name.h"

#define NAMES_MAX 4

struct certificate_case {
	const char *subject;          /* its common name; NULL: none */
	const char *names[NAMES_MAX]; /* "IP:192.0.2.1" is an address */
	const char *host;
	bool matches;
};

static const struct certificate_case cases[] = {
	/* A wildcard is one whole label, of any letters. */
	{ NULL, { "*.example.test" }, "www.example.test", true },
	{ NULL, { "*.example.test" }, "my_db.example.test", true },
	{ NULL, { "*.example.test" }, "_.example.test", true },
	{ NULL, { "*.example.test" }, "xn--bcher-kva.example.test", true },
	{ NULL, { "*.my_zone.test" }, "www.my_zone.test", true },
	{ NULL, { "*.my_zone.test" }, "my_db.my_zone.test", true },
	{ NULL, { "my_db.example.test" }, "my_db.example.test", true },
	{ NULL, { "other.test", "*.example.test" }, "my_db.example.test", true },
	{ NULL, { "*.example.test" }, "example.test", false },
	{ NULL, { "*.example.test" }, "a.b.example.test", false },
	{ NULL, { "*.example.test" }, "my_db.b.example.test", false },
	{ NULL, { "*.example.test" }, "my_db.example.org", false },
	{ NULL, { "*.example.test" }, "my_dbexample.test", false },
	{ NULL, { "*.example.test" }, "localhost", false },
	/* Not a part of one, nor a label further right. */
	{ NULL, { "f*o.example.test" }, "foo.example.test", false },
	{ NULL, { "f*.example.test" }, "foo.example.test", false },
	{ NULL, { "*o.example.test" }, "foo.example.test", false },
	{ NULL, { "my_*.example.test" }, "my_db.example.test", false },
	{ NULL, { "*_db.example.test" }, "my_db.example.test", false },
	{ NULL, { "www.*.test" }, "www.example.test", false },
	{ NULL, { "*.*.test" }, "www.example.test", false },
	{ NULL, { "**.example.test" }, "foo.example.test", false },
	/* Not for all names of a top-level domain. */
	{ NULL, { "*.test" }, "example.test", false },
	{ NULL, { "*.test" }, "my_db.test", false },
	{ NULL, { "*.test." }, "my_db.test", false },
	{ NULL, { "*" }, "localhost", false },
	{ NULL, { "*." }, "localhost", false },
	/* Case, and a dot at the end, say nothing. */
	{ NULL, { "*.EXAMPLE.test" }, "My_dB.example.TEST", true },
	{ NULL, { "WWW.example.test" }, "www.EXAMPLE.test", true },
	{ NULL, { "www.example.test." }, "www.example.test", true },
	{ NULL, { "www.example.test" }, "www.example.test.", true },
	{ NULL, { "*.example.test." }, "my_db.example.test", true },
	{ NULL, { "*.example.test" }, "my_db.example.test.", true },
	/* Addresses are compared as such, and match no wildcard. */
	{ NULL, { "IP:192.0.2.1" }, "192.0.2.1", true },
	{ NULL, { "IP:2001:db8::1" }, "2001:DB8:0::1", true },
	{ NULL, { "IP:192.0.2.1" }, "192.0.2.2", false },
	{ NULL, { "192.0.2.1" }, "192.0.2.1", false },
	{ NULL, { "*.0.2.1" }, "192.0.2.1", false },
	{ NULL, { "IP:192.0.2.1" }, "www.example.test", false },
	/* The subject counts only where no alternative name of these kinds is. */
	{ "www.example.test", { NULL }, "www.example.test", true },
	{ "*.example.test", { NULL }, "my_db.example.test", true },
	{ "*.my_zone.test", { NULL }, "www.my_zone.test", true },
	{ "192.0.2.1", { NULL }, "192.0.2.1", true },
	{ "*.0.2.1", { NULL }, "192.0.2.1", false },
	{ "www.example.test", { "other.test" }, "www.example.test", false },
	{ "www.example.test", { "IP:192.0.2.1" }, "www.example.test", false },
	{ "*.example.test", { "other.test" }, "my_db.example.test", false },
	{ NULL, { NULL }, "www.example.test", false },
};

static void add_name(GENERAL_NAMES *names, const char *text)
{
	bool is_address = strncmp(text, "IP:", 3) == 0;
	GENERAL_NAME *name = a2i_GENERAL_NAME(NULL, NULL, NULL, is_address ? GEN_IPADD : GEN_DNS,
	                                      text + (is_address ? 3 : 0), 0);

	assert_non_null(name);
	assert_true(sk_GENERAL_NAME_push(names, name));
}

static X509 *certificate_new(const struct certificate_case *one)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	X509 *certificate = X509_new();

	assert_true(names && certificate);
	for (int i = 0; i < NAMES_MAX && one->names[i]; i++)
		add_name(names, one->names[i]);
	if (one->names[0])
		assert_int_equal(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0),
		                 1);
	if (one->subject)
		assert_true(X509_NAME_add_entry_by_txt(
		        X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
		        (const unsigned char *)one->subject, -1, -1, 0));
	GENERAL_NAMES_free(names);
	return certificate;
}

static void names(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct certificate_case *one = &cases[i];
		X509 *certificate = certificate_new(one);

		if (cert_name_matches(certificate, one->host) != one->matches) {
			print_error("CN %s, name %s, for %s: not %d\n",
			            one->subject ? one->subject : "-",
			            one->names[0] ? one->names[0] : "-", one->host, one->matches);
			wrong++;
		}
		X509_free(certificate);
	}
	assert_int_equal(wrong, 0);
}

/* The most specific one, the last, is meant; a zero within a name ends nothing. */
static void subjects(void **state)
{
	static const unsigned char hidden[] = "www.example.test\0.example.org";
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);

	(void)state;
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	                           (const unsigned char *)"one.example.test", -1, -1, 0);
	assert_true(cert_name_matches(certificate, "one.example.test"));
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	                           (const unsigned char *)"two.example.test", -1, -1, 0);
	assert_false(cert_name_matches(certificate, "one.example.test"));
	assert_true(cert_name_matches(certificate, "two.example.test"));
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, hidden, sizeof(hidden) - 1, -1, 0);
	assert_false(cert_name_matches(certificate, "www.example.test"));
	X509_free(certificate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(subjects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
