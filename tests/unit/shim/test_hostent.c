/* shim/answer/hostent.c: what it puts where, in buffers of every size and alignment. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/answer/hostent.h"
#include "shim/lookup/lookup.h"
#include "tests/support/unit.h"

#define NAME "Www.Example.com"
#define ENOUGH 1024

/* --- the record's aliases: in place of lookup.c's, which has them from a table ------------------- */

static uint32_t alias_count;  /* they are "alias0", "alias1", … */
static uint32_t aliases_left; /* for so many looks; then there are none, as in another table */

bool lookup_alias(const char *name, uint32_t i, char out[TABLE_NAME_SIZE])
{
	assert_string_equal(name, NAME);
	if (i >= alias_count || aliases_left == 0)
		return false;
	aliases_left--;
	snprintf(out, TABLE_NAME_SIZE, "alias%u", i);
	return true;
}

static void have_aliases(uint32_t count, uint32_t looks)
{
	alias_count = count;
	aliases_left = looks;
}

/* --- answers -------------------------------------------------------------------------------------- */

static struct table_answer answer_of(const char *const *texts, uint32_t count)
{
	struct table_answer answer = { .name = NAME };

	for (; answer.count < count; answer.count++) {
		struct shunt_address *address = &answer.addresses[answer.count];
		bool is_ipv6 = strchr(texts[answer.count], ':') != NULL;

		address->family = is_ipv6 ? SHUNT_FAMILY_IPV6 : SHUNT_FAMILY_IPV4;
		assert_int_equal(
		        inet_pton(is_ipv6 ? AF_INET6 : AF_INET, texts[answer.count], address->word),
		        1);
	}
	return answer;
}

static const char *const mixed[] = { "192.0.2.2",        "2001:db8::2", "192.0.2.1",
	                             "::ffff:192.0.2.3", "2001:db8::1", "::1" };
#define MIXED (sizeof(mixed) / sizeof(mixed[0]))

static void check_addresses(const struct hostent *host, const char *expected)
{
	char all[512] = "", text[INET6_ADDRSTRLEN];

	for (char **address = host->h_addr_list; *address; address++) {
		assert_int_equal((uintptr_t)*address % alignof(uint32_t), 0);
		assert_non_null(inet_ntop(host->h_addrtype, *address, text, sizeof(text)));
		strcat(strcat(all, text), " ");
	}
	assert_string_equal(all, expected);
}

static void check_inside(const char *part, const char *buffer, size_t size)
{
	assert_true(part >= buffer && part < buffer + size);
}

static void check_host(const struct hostent *host, const char *buffer, size_t size,
                       uint32_t aliases)
{
	char text[TABLE_NAME_SIZE];

	assert_int_equal((uintptr_t)host->h_aliases % alignof(char *), 0);
	assert_int_equal((uintptr_t)host->h_addr_list % alignof(char *), 0);
	check_inside(host->h_name, buffer, size);
	check_inside((const char *)host->h_aliases, buffer, size);
	check_inside((const char *)host->h_addr_list, buffer, size);
	assert_string_equal(host->h_name, NAME);
	for (uint32_t i = 0; i < aliases; i++) {
		snprintf(text, sizeof(text), "alias%u", i);
		check_inside(host->h_aliases[i], buffer, size);
		assert_string_equal(host->h_aliases[i], text);
	}
	assert_null(host->h_aliases[aliases]);
}

/* A buffer of exactly `size` bytes, `offset` beyond what suits everything: one byte too much is a sanitizer's report. */
static enum hostent_result build(const struct table_answer *answer, int family, size_t offset,
                                 size_t size, const char *expected)
{
	struct hostent host, untouched;
	char *memory = malloc(offset + size + !(offset + size));
	enum hostent_result result;

	assert_non_null(memory);
	memset(&host, 0x5a, sizeof(host));
	untouched = host;
	errno = 4711;
	result = hostent_build(NAME, answer, family, &host, memory + offset, size);
	assert_int_equal(errno, 4711);
	if (result == HOSTENT_DONE) {
		assert_int_equal(host.h_addrtype, family);
		assert_int_equal(host.h_length, family == AF_INET ? 4 : 16);
		check_host(&host, memory + offset, size, alias_count);
		check_addresses(&host, expected);
	} else {
		assert_memory_equal(&host, &untouched, sizeof(host));
	}
	free(memory);
	return result;
}

static void every_size(const struct table_answer *answer, int family, enum hostent_result last,
                       const char *expected)
{
	for (size_t offset = 0; offset < alignof(max_align_t); offset++) {
		enum hostent_result before = HOSTENT_TOO_SMALL, result = HOSTENT_TOO_SMALL;

		for (size_t size = 0; size <= ENOUGH; size++, before = result) {
			result = build(answer, family, offset, size, expected);
			assert_true(result == last || result == HOSTENT_TOO_SMALL);
			assert_true(before == HOSTENT_TOO_SMALL || result == last);
		}
		assert_int_equal(result, last);
		assert_int_equal(build(answer, family, offset, 0, expected), HOSTENT_TOO_SMALL);
	}
}

/* --- the cases ------------------------------------------------------------------------------------ */

static void test_sizes(void **state)
{
	struct table_answer answer = answer_of(mixed, MIXED);

	(void)state;
	have_aliases(3, UINT32_MAX);
	every_size(&answer, AF_INET, HOSTENT_DONE, "192.0.2.2 192.0.2.1 192.0.2.3 127.0.0.1 ");
	every_size(&answer, AF_INET6, HOSTENT_DONE,
	           "2001:db8::2 ::ffff:192.0.2.3 2001:db8::1 ::1 ");
	have_aliases(0, 0);
	every_size(&answer, AF_INET, HOSTENT_DONE, "192.0.2.2 192.0.2.1 192.0.2.3 127.0.0.1 ");
}

static void test_families(void **state)
{
	static const int others[] = { AF_UNSPEC, AF_UNIX, -1, 99 };
	struct table_answer answer = answer_of(mixed, MIXED), ipv4 = answer_of(mixed, 1),
	                    ipv6 = answer_of(mixed + 1, 1);

	(void)state;
	have_aliases(1, UINT32_MAX);
	every_size(&ipv4, AF_INET6, HOSTENT_NONE, "");
	every_size(&ipv6, AF_INET, HOSTENT_NONE, "");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		every_size(&answer, others[i], HOSTENT_NONE, "");
}

static void test_full(void **state)
{
	const char *texts[SHUNT_ADDRESSES_MAX];
	struct table_answer answer;

	(void)state;
	for (size_t i = 0; i < SHUNT_ADDRESSES_MAX; i++)
		texts[i] = "2001:db8::8";
	answer = answer_of(texts, SHUNT_ADDRESSES_MAX);
	memset(answer.name, 'a', SHUNT_NAME_MAX);
	have_aliases(0, 0);
	for (size_t size = 0; size <= ENOUGH; size++) {
		char *buffer = malloc(size + !size);
		struct hostent host;

		assert_non_null(buffer);
		if (hostent_build(NULL, &answer, AF_INET6, &host, buffer, size) == HOSTENT_DONE) {
			assert_int_equal(strlen(host.h_name), SHUNT_NAME_MAX);
			assert_null(host.h_addr_list[SHUNT_ADDRESSES_MAX]);
		} else {
			assert_true(size < ENOUGH);
		}
		free(buffer);
	}
}

static void test_without_aliases(void **state)
{
	struct table_answer answer = answer_of(mixed, MIXED);
	char buffer[ENOUGH];
	struct hostent host;

	(void)state;
	have_aliases(3, UINT32_MAX);
	assert_int_equal(hostent_build(NULL, &answer, AF_INET, &host, buffer, sizeof(buffer)),
	                 HOSTENT_DONE);
	check_host(&host, buffer, sizeof(buffer), 0);
}

/* Between the look that counts and the one that lists, or in the middle of either. */
static void test_aliases_that_vanish(void **state)
{
	struct table_answer answer = answer_of(mixed, MIXED);
	char buffer[ENOUGH];
	struct hostent host;

	(void)state;
	for (uint32_t looks = 0; looks <= 10; looks++) {
		have_aliases(5, looks);
		assert_int_equal(
		        hostent_build(NAME, &answer, AF_INET, &host, buffer, sizeof(buffer)),
		        HOSTENT_DONE);
		check_host(&host, buffer, sizeof(buffer), looks < 5 ? 0 : looks - 5);
	}
}

static void test_aliases_without_end(void **state)
{
	struct table_answer answer = answer_of(mixed, MIXED);

	(void)state;
	have_aliases(UINT32_MAX, UINT32_MAX);
	for (size_t size = 0; size <= ENOUGH; size++)
		assert_int_equal(build(&answer, AF_INET, 0, size, ""), HOSTENT_TOO_SMALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_without_aliases),
		cmocka_unit_test(test_aliases_that_vanish),
		cmocka_unit_test(test_aliases_without_end),
	};

	return cmocka_run_group_tests_name("hostent", tests, NULL, NULL);
}
