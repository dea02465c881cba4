/* shim/answer/nodes.c and what it needs to know of libc: which questions it answers, and in which releases. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shim/answer/nodes.h"
#include "shim/core/libc.h"

static void test_releases(void **state)
{
	(void)state;
	assert_true(libc_release_frees_nodes("2.34"));
	assert_true(libc_release_frees_nodes("2.36"));
	assert_true(libc_release_frees_nodes("2.43"));
	assert_true(libc_release_frees_nodes("2.39.9000"));
	assert_false(libc_release_frees_nodes("2.33"));
	assert_false(libc_release_frees_nodes("2.44"));
	assert_false(libc_release_frees_nodes("2.4"));
	assert_false(libc_release_frees_nodes("2.340"));
	assert_false(libc_release_frees_nodes("2.99999999999999999936"));
	assert_false(libc_release_frees_nodes("3.36"));
	assert_false(libc_release_frees_nodes("2."));
	assert_false(libc_release_frees_nodes("2"));
	assert_false(libc_release_frees_nodes(""));
}

/* Where this fails, libc is newer than any that was tried: test_layout says whether LIBC_NODES_NEWEST may be raised to it. */
static void test_this_release(void **state)
{
	(void)state;
	assert_true(libc_frees_nodes());
}

static const struct question {
	const char *service;
	struct addrinfo hints;
	bool covered;
	uint32_t kinds;
	uint16_t port;
} questions[] = {
	{ NULL, { 0 }, true, 3, 0 },
	{ "80", { .ai_socktype = SOCK_STREAM }, true, 1, 80 },
	{ "0", { .ai_socktype = SOCK_DGRAM }, true, 1, 0 },
	{ "65535", { .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP }, true, 1, 65535 },
	{ "00443", { .ai_flags = AI_CANONNAME | AI_PASSIVE | AI_NUMERICSERV }, true, 3, 443 },
	{ NULL, { .ai_family = AF_INET, .ai_flags = AI_V4MAPPED | AI_ALL }, true, 3, 0 },
	{ NULL, { .ai_family = AF_INET6 }, true, 3, 0 },
	/* What libc is to answer. */
	{ NULL, { .ai_family = AF_INET6, .ai_flags = AI_V4MAPPED }, false, 0, 0 },
	{ NULL, { .ai_family = AF_UNIX }, false, 0, 0 },
	{ NULL, { .ai_flags = AI_ADDRCONFIG }, false, 0, 0 },
	{ NULL, { .ai_flags = AI_IDN }, false, 0, 0 },
	{ NULL, { .ai_flags = AI_NUMERICHOST }, false, 0, 0 },
	{ NULL, { .ai_flags = 0x4000 }, false, 0, 0 },
	{ NULL, { .ai_socktype = SOCK_RAW }, false, 0, 0 },
	{ NULL, { .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_UDP }, false, 0, 0 },
	{ NULL, { .ai_protocol = IPPROTO_TCP }, false, 0, 0 },
	{ "65536", { 0 }, false, 0, 0 },
	{ "99999999999999999999999999", { 0 }, false, 0, 0 },
	{ "", { 0 }, false, 0, 0 },
	{ "-1", { 0 }, false, 0, 0 },
	{ " 80", { 0 }, false, 0, 0 },
	{ "80 ", { 0 }, false, 0, 0 },
	{ "http", { 0 }, false, 0, 0 },
};

static void test_questions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct question *question = &questions[i];
		struct nodes_plan plan;
		bool covered = nodes_cover(question->service, &question->hints, &plan);

		if (covered != question->covered)
			fail_msg("question %zu: %d", i, covered);
		if (!covered)
			continue;
		assert_int_equal(plan.kind_count, question->kinds);
		assert_int_equal(ntohs(plan.port), question->port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_releases),
		cmocka_unit_test(test_this_release),
		cmocka_unit_test(test_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
