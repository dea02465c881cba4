/* Addresses: literals read strictly and written back, conversions, order and classes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "daemon/base/address.h"
#include "shunt/table.h"
#include "tests/support/unit.h"

/* NULL: refused. */
static const struct {
	const char *text, *written;
} literals[] = {
	{ "192.0.2.10", "192.0.2.10" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "2001:db8::20", "2001:db8::20" },
	{ "2001:DB8:0:0:0:0:0:20", "2001:db8::20" },
	{ "::", "::" },
	{ "::1", "::1" },
	{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "fe80::1%1", "fe80::1%1" },
	{ "fe80::1%lo", "fe80::1%1" },
	{ "fe80::1%4294967295", "fe80::1%4294967295" },
	{ "fe80::1%4294967296", NULL },
	{ "fe80::1%99999999999999999999999", NULL },
	{ "fe80::1%0", NULL },
	{ "fe80::1%", NULL },
	{ "fe80::1%1x", NULL },
	{ "fe80::1%no-such-link", NULL },
	{ "192.0.2.10%1", NULL },
	{ "", NULL },
	{ "%1", NULL },
	{ "1", NULL },
	{ "192.0.2", NULL },
	{ "192.0.2.1.", NULL },
	{ "192.0.2.256", NULL },
	{ "192.0.2.01", NULL },
	{ "0x7f.0.0.1", NULL },
	{ " 192.0.2.1", NULL },
	{ "192.0.2.1 ", NULL },
	{ "[::1]", NULL },
	{ "::1::", NULL },
	{ "12345::", NULL },
	{ "www.example.com", NULL },
	{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL },
};

static void test_literals(void **state)
{
	char text[ADDRESS_TEXT_MAX];
	struct address address;

	(void)state;
	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		print_message("# \"%s\"\n", literals[i].text);
		assert_int_equal(address_parse(literals[i].text, &address),
		                 literals[i].written != NULL);
		if (literals[i].written)
			assert_string_equal(address_format(&address, text), literals[i].written);
	}
}

static struct address parsed(const char *text)
{
	struct address address;

	assert_true(address_parse(text, &address));
	return address;
}

static void test_sockaddr(void **state)
{
	static const char *const texts[] = { "192.0.2.10", "2001:db8::20", "fe80::1%7" };
	struct sockaddr_storage storage;
	struct address address, back;
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		address = parsed(texts[i]);
		memset(&storage, 0xff, sizeof(storage));
		assert_int_equal(address_to_sockaddr(&address, 5432, &storage),
		                 i == 0 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		assert_true(address_from_sockaddr((struct sockaddr *)&storage, &back));
		assert_int_equal(address_compare(&address, &back), 0);
		assert_memory_equal(&address, &back, sizeof(back));
	}
	address = parsed("192.0.2.10");
	address_to_sockaddr(&address, 5432, &storage);
	assert_int_equal(storage.ss_family, AF_INET);
	assert_int_equal(((struct sockaddr_in *)&storage)->sin_port, htons(5432));
	inet_ntop(AF_INET, &((struct sockaddr_in *)&storage)->sin_addr, text, sizeof(text));
	assert_string_equal(text, "192.0.2.10");
	address = parsed("fe80::1%7");
	address_to_sockaddr(&address, 443, &storage);
	assert_int_equal(storage.ss_family, AF_INET6);
	assert_int_equal(((struct sockaddr_in6 *)&storage)->sin6_port, htons(443));
	assert_int_equal(((struct sockaddr_in6 *)&storage)->sin6_scope_id, 7);
	assert_int_equal(((struct sockaddr_in6 *)&storage)->sin6_flowinfo, 0);
	storage.ss_family = AF_UNIX;
	assert_false(address_from_sockaddr((struct sockaddr *)&storage, &back));
}

/* In ascending order. */
static const char *const ordered[] = { "0.0.0.0",     "1.255.0.0",   "128.0.0.1", "255.0.0.0",
	                               "::",          "2001:db8::1", "fe80::1",   "fe80::1%1",
	                               "fe80::1%256", "fe80::2",     "ff02::1" };

static void test_order(void **state)
{
	const size_t count = sizeof(ordered) / sizeof(ordered[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			struct address a = parsed(ordered[i]), b = parsed(ordered[j]);
			int order = address_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static const struct {
	const char *text;
	bool loopback, local;
} classes[] = {
	{ "127.0.0.1", true, true },
	{ "127.255.255.254", true, true },
	{ "::1", true, true },
	{ "::ffff:127.0.0.2", true, true },
	{ "126.255.255.255", false, false },
	{ "128.0.0.1", false, false },
	{ "0.0.0.0", false, true },
	{ "0.1.2.3", false, true },
	{ "169.254.169.254", false, true },
	{ "169.253.0.1", false, false },
	{ "224.0.0.1", false, true },
	{ "223.255.255.255", false, false },
	{ "255.255.255.255", false, true },
	{ "10.0.0.1", false, false },
	{ "192.168.0.1", false, false },
	{ "::", false, true },
	{ "::2", false, false },
	{ "::ffff:0.0.0.0", false, true },
	{ "::ffff:169.254.1.1", false, true },
	{ "::ffff:224.0.0.1", false, true },
	{ "::ffff:192.0.2.1", false, false },
	{ "fe80::1", false, true },
	{ "febf::1", false, true },
	{ "fec0::1", false, false },
	{ "ff02::1", false, true },
	{ "fd00::1", false, false },
	{ "2001:db8::1", false, false },
};

static void test_classes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct address address = parsed(classes[i].text);

		print_message("# %s\n", classes[i].text);
		assert_int_equal(address_is_loopback(&address), classes[i].loopback);
		assert_int_equal(address_is_local(&address), classes[i].local);
	}
}

static const struct {
	const char *text, *unmapped;
} places[] = {
	{ "192.0.2.1", "192.0.2.1" },
	{ "::ffff:192.0.2.1", "192.0.2.1" },
	{ "::ffff:c000:201", "192.0.2.1" },
	{ "::192.0.2.1", "::192.0.2.1" },
	{ "64:ff9b::192.0.2.1", "64:ff9b::192.0.2.1" },
	{ "2001:db8::1", "2001:db8::1" },
	{ "fe80::1%7", "fe80::1%7" },
};

static void test_unmapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct address address = parsed(places[i].text),
		                     expected = parsed(places[i].unmapped),
		                     unmapped = address_unmapped(&address);

		print_message("# %s\n", places[i].text);
		assert_memory_equal(&unmapped, &expected, sizeof(expected));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals), cmocka_unit_test(test_sockaddr),
		cmocka_unit_test(test_order),    cmocka_unit_test(test_classes),
		cmocka_unit_test(test_unmapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
