/* The entries of the Name Service Switch, over a lookup that says what the test wants. */
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "shim/lookup/lookup.h"
#include "tests/support/unit.h"

/* NOLINTBEGIN(bugprone-reserved-identifier): the Name Service Switch says what they are called. */
nss_gethostbyname_r _nss_shunt_gethostbyname_r;
nss_gethostbyname2_r _nss_shunt_gethostbyname2_r;
nss_gethostbyname3_r _nss_shunt_gethostbyname3_r;
nss_gethostbyname4_r _nss_shunt_gethostbyname4_r;
/* NOLINTEND(bugprone-reserved-identifier) */

#define ROOM 2048
#define UNTOUCHED 4711

static enum lookup_result says;
static struct table_answer answers;

enum lookup_result lookup_name(const char *name, bool named, struct table_answer *out)
{
	assert_string_equal(name, "asked");
	assert_true(named);
	if (says == LOOKUP_FOUND)
		*out = answers;
	return says;
}

bool lookup_alias(const char *name, uint32_t i, char out[TABLE_NAME_SIZE])
{
	assert_string_equal(name, "www.example.com");
	strcpy(out, "asked");
	return i == 0;
}

/* One address of IPv4, one of IPv6 with a zone. */
static int setup(void **state)
{
	(void)state;
	says = LOOKUP_FOUND;
	answers = (struct table_answer){ .count = 2,
		                         .addresses = { { .family = SHUNT_FAMILY_IPV4 },
		                                        { .family = SHUNT_FAMILY_IPV6,
		                                          .scope_id = 9 } },
		                         .name = "www.example.com" };
	memcpy(answers.addresses[0].word, "\xc0\0\2\1", 4);
	memcpy(answers.addresses[1].word, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	return 0;
}

/* What an entry said. */
struct said {
	enum nss_status status;
	int error, h_error;
	int32_t ttl;
	char *canonical;
	struct gaih_addrtuple *tuples;
	struct hostent host;
};

static struct said ask4(struct gaih_addrtuple *first, char *buffer, size_t size)
{
	struct said said = {
		.error = UNTOUCHED, .h_error = UNTOUCHED, .ttl = UNTOUCHED, .tuples = first
	};

	said.status = _nss_shunt_gethostbyname4_r("asked", &said.tuples, buffer, size, &said.error,
	                                          &said.h_error, &said.ttl);
	return said;
}

static struct said ask3(int family, char *buffer, size_t size)
{
	struct said said = { .error = UNTOUCHED, .h_error = UNTOUCHED, .ttl = UNTOUCHED };

	said.status =
	        _nss_shunt_gethostbyname3_r("asked", family, &said.host, buffer, size, &said.error,
	                                    &said.h_error, &said.ttl, &said.canonical);
	return said;
}

static struct said ask2(int family, char *buffer, size_t size)
{
	struct said said = { .error = UNTOUCHED, .h_error = UNTOUCHED };

	said.status = _nss_shunt_gethostbyname2_r("asked", family, &said.host, buffer, size,
	                                          &said.error, &said.h_error);
	return said;
}

static struct said ask1(char *buffer, size_t size)
{
	struct said said = { .error = UNTOUCHED, .h_error = UNTOUCHED };

	said.status = _nss_shunt_gethostbyname_r("asked", &said.host, buffer, size, &said.error,
	                                         &said.h_error);
	return said;
}

static void assert_said(struct said said, enum nss_status status, int error, int h_error)
{
	assert_int_equal(said.status, status);
	assert_int_equal(said.error, error);
	assert_int_equal(said.h_error, h_error);
}

static void assert_done(struct said said)
{
	assert_said(said, NSS_STATUS_SUCCESS, UNTOUCHED, UNTOUCHED);
}

/* --- the ends of a lookup ---------------------------------------------------------------------- */

static void test_not_ours(void **state)
{
	char buffer[ROOM];

	(void)state;
	says = LOOKUP_PASS;
	assert_said(ask4(NULL, buffer, ROOM), NSS_STATUS_UNAVAIL, ENOENT, HOST_NOT_FOUND);
	assert_said(ask3(AF_INET, buffer, ROOM), NSS_STATUS_UNAVAIL, ENOENT, HOST_NOT_FOUND);
	assert_said(ask2(AF_INET6, buffer, ROOM), NSS_STATUS_UNAVAIL, ENOENT, HOST_NOT_FOUND);
	assert_said(ask2(AF_UNIX, buffer, ROOM), NSS_STATUS_UNAVAIL, ENOENT, HOST_NOT_FOUND);
	assert_said(ask1(buffer, ROOM), NSS_STATUS_UNAVAIL, ENOENT, HOST_NOT_FOUND);
}

/* Never TRYAGAIN or UNAVAIL: the next source would be asked. */
static void test_not_now(void **state)
{
	char buffer[ROOM];

	(void)state;
	says = LOOKUP_FAIL;
	assert_said(ask4(NULL, buffer, ROOM), NSS_STATUS_NOTFOUND, EAGAIN, TRY_AGAIN);
	assert_said(ask3(AF_INET, buffer, ROOM), NSS_STATUS_NOTFOUND, EAGAIN, TRY_AGAIN);
	assert_said(ask3(AF_INET6, buffer, ROOM), NSS_STATUS_NOTFOUND, EAGAIN, TRY_AGAIN);
	assert_said(ask2(AF_INET6, buffer, ROOM), NSS_STATUS_NOTFOUND, EAGAIN, TRY_AGAIN);
	assert_said(ask2(AF_INET, buffer, ROOM), NSS_STATUS_RETURN, EAGAIN, TRY_AGAIN);
	assert_said(ask1(buffer, ROOM), NSS_STATUS_RETURN, EAGAIN, TRY_AGAIN);
}

static void test_no_address(void **state)
{
	char buffer[ROOM];

	(void)state;
	assert_said(ask2(AF_UNIX, buffer, ROOM), NSS_STATUS_NOTFOUND, ENOENT, HOST_NOT_FOUND);
	answers.count = 1;
	assert_said(ask3(AF_INET6, buffer, ROOM), NSS_STATUS_NOTFOUND, ENOENT, HOST_NOT_FOUND);
	assert_said(ask2(AF_INET6, buffer, ROOM), NSS_STATUS_NOTFOUND, ENOENT, HOST_NOT_FOUND);
	answers.addresses[0] = answers.addresses[1];
	assert_said(ask1(buffer, ROOM), NSS_STATUS_NOTFOUND, ENOENT, HOST_NOT_FOUND);
}

/* --- answers ----------------------------------------------------------------------------------- */

static void assert_host(const struct said *said, int family)
{
	const struct shunt_address *address = &answers.addresses[family == AF_INET6];

	assert_done(*said);
	assert_string_equal(said->host.h_name, "www.example.com");
	assert_string_equal(said->host.h_aliases[0], "asked");
	assert_null(said->host.h_aliases[1]);
	assert_int_equal(said->host.h_addrtype, family);
	assert_memory_equal(said->host.h_addr_list[0], address->word, said->host.h_length);
	assert_null(said->host.h_addr_list[1]);
}

static void test_hosts(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };
	char buffer[ROOM];
	struct said said = ask1(buffer, ROOM);

	(void)state;
	assert_host(&said, AF_INET);
	for (size_t i = 0; i < 2; i++) {
		said = ask2(families[i], buffer, ROOM);
		assert_host(&said, families[i]);
		said = ask3(families[i], buffer, ROOM);
		assert_host(&said, families[i]);
		assert_int_equal(said.ttl, 0);
		assert_ptr_equal(said.canonical, said.host.h_name);
	}
	/* getaddrinfo() of libc gives no place for the TTL. */
	assert_int_equal(_nss_shunt_gethostbyname3_r("asked", AF_INET, &said.host, buffer, ROOM,
	                                             &said.error, &said.h_error, NULL, NULL),
	                 NSS_STATUS_SUCCESS);
}

static void assert_tuples(const struct said *said)
{
	const struct gaih_addrtuple *one = said->tuples, *two = one->next;

	assert_done(*said);
	assert_int_equal(said->ttl, 0);
	assert_string_equal(one->name, "www.example.com");
	assert_int_equal(one->family, AF_INET);
	assert_memory_equal(one->addr, answers.addresses[0].word, 4);
	assert_int_equal(one->scopeid, 0);
	assert_int_equal(two->family, AF_INET6);
	assert_memory_equal(two->addr, answers.addresses[1].word, 16);
	assert_int_equal(two->scopeid, 9);
	assert_null(two->next);
}

/* Every size, at every alignment, with nothing written outside. The sanitizers see to the alignment of what is inside. */
static void test_tuples(void **state)
{
	_Alignas(16) char room[ROOM], blank[ROOM];
	size_t fits = 0;

	(void)state;
	memset(blank, '#', ROOM);
	for (size_t offset = 0; offset < 8; offset++) {
		for (size_t size = 0; size < 200; size++) {
			char *buffer = room + 16 + offset;
			struct said said;

			memset(room, '#', ROOM);
			said = ask4(NULL, buffer, size);
			if (said.status == NSS_STATUS_SUCCESS) {
				fits++;
				assert_tuples(&said);
			} else {
				assert_said(said, NSS_STATUS_TRYAGAIN, ERANGE, NETDB_INTERNAL);
				assert_int_equal(said.ttl, UNTOUCHED);
				assert_memory_equal(buffer, blank, size);
			}
			assert_memory_equal(room, blank, 16 + offset);
			assert_memory_equal(buffer + size, blank, 64);
		}
	}
	assert_in_range(fits, 8 * 50, 8 * 150);
}

/* nscd has a first tuple of its own, and reads the answer from there. */
static void test_first_tuple(void **state)
{
	struct gaih_addrtuple first = { .family = UNTOUCHED };
	char buffer[ROOM];
	struct said said = ask4(&first, buffer, ROOM);

	(void)state;
	assert_ptr_equal(said.tuples, &first);
	assert_tuples(&said);
	answers.count = 1;
	said = ask4(&first, buffer, ROOM);
	assert_null(said.tuples->next);
}

/* As many addresses and as long a name as there can be, in the buffer that getaddrinfo() starts with. */
static void test_full(void **state)
{
	struct said said;
	char buffer[1024];
	uint32_t count = 0;

	(void)state;
	answers.count = SHUNT_ADDRESSES_MAX;
	for (uint32_t i = 0; i < answers.count; i++)
		answers.addresses[i] = answers.addresses[i % 2];
	memset(answers.name, 'n', SHUNT_NAME_MAX);
	said = ask4(NULL, buffer, sizeof buffer);
	assert_done(said);
	for (const struct gaih_addrtuple *tuple = said.tuples; tuple; tuple = tuple->next)
		count++;
	assert_int_equal(count, SHUNT_ADDRESSES_MAX);
	assert_int_equal(strlen(said.tuples->name), SHUNT_NAME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_not_ours, setup),
		cmocka_unit_test_setup(test_not_now, setup),
		cmocka_unit_test_setup(test_no_address, setup),
		cmocka_unit_test_setup(test_hosts, setup),
		cmocka_unit_test_setup(test_tuples, setup),
		cmocka_unit_test_setup(test_first_tuple, setup),
		cmocka_unit_test_setup(test_full, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
