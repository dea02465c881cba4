/* What an errno of a connection says: faults of our own are no verdict, whatever they are. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/probe/kind/errno_words.h"
#include "tests/support/unit.h"

static const struct {
	int error;
	enum verdict at_once, later;
	enum probe_path later_path;
} cases[] = {
	{ EMFILE, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN }, /* never comes later */
	{ ENFILE, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ ENOBUFS, VERDICT_NONE, VERDICT_NONE, PATH_UNKNOWN },
	{ ECONNABORTED, VERDICT_FAIL, VERDICT_NONE, PATH_UNKNOWN },
	{ ENOMEM, VERDICT_NONE, VERDICT_NONE, PATH_UNKNOWN },
	{ EADDRNOTAVAIL, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EADDRINUSE, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EAFNOSUPPORT, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EACCES, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EPERM, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EINVAL, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EAGAIN, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ ECONNREFUSED, VERDICT_FAIL, VERDICT_FAIL, PATH_PROVEN },
	{ ECONNRESET, VERDICT_FAIL, VERDICT_FAIL, PATH_PROVEN },
	{ ETIMEDOUT, VERDICT_FAIL, VERDICT_FAIL, PATH_SILENT },
	{ EHOSTUNREACH, VERDICT_FAIL, VERDICT_FAIL, PATH_SILENT },
	{ ENETUNREACH, VERDICT_FAIL, VERDICT_FAIL, PATH_SILENT },
	{ ENETDOWN, VERDICT_FAIL, VERDICT_FAIL, PATH_SILENT },
	{ EHOSTDOWN, VERDICT_FAIL, VERDICT_FAIL, PATH_SILENT },
};

static void verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct probe_outcome *later = probe_errno_later(cases[i].error);

		assert_int_equal(probe_why_verdict(probe_errno_at_once(cases[i].error)->why),
		                 cases[i].at_once);
		assert_int_equal(probe_why_verdict(later->why), cases[i].later);
		assert_int_equal(later->path, cases[i].later_path);
	}
}

/* docs/verdicts.md names each errno that is our own fault, and no other is one. */
static void own_faults_are_proven(void **state)
{
	static const char *const sides[SIDES] = { [SIDE_UNKNOWN] = " ?",
		                                  [SIDE_HOST] = " this host |",
		                                  [SIDE_CHECK] = " the check's command |" };
	static char text[65536];
	FILE *file = fopen("docs/verdicts.md", "r");
	size_t size;

	(void)state;
	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	for (int error = 1; error < 140; error++) {
		char name[32];
		bool is_ours = probe_why_verdict(probe_errno_at_once(error)->why) == VERDICT_NONE;

		snprintf(name, sizeof(name), "`%s`", strerrorname_np(error));
		if (error != EWOULDBLOCK && (strstr(text, name) != NULL) != is_ours)
			fail_msg("%s is an own fault: %d", name, is_ours);
	}
	for (int why = 0; why < WHYS; why++) {
		char name[64];
		bool is_none = probe_why_verdict((enum probe_why)why) == VERDICT_NONE;

		snprintf(name, sizeof(name), "| `%s` |%s", probe_why_word((enum probe_why)why),
		         is_none ? sides[probe_why_side((enum probe_why)why)] : "");
		if ((strstr(text, name) != NULL) != is_none)
			fail_msg("%s is a verdict of none: %d", name, is_none);
	}
}

/* A connection that was made and then broke: the network's or the peer's, but for a lack of memory. */
static void broken_is_theirs(void **state)
{
	(void)state;
	for (int error = 0; error < 140; error++) {
		const struct probe_outcome *outcome = probe_errno_broken(error);
		bool is_ours = error == ENOMEM || error == ENOBUFS;

		assert_int_equal(probe_why_verdict(outcome->why),
		                 is_ours ? VERDICT_NONE : VERDICT_FAIL);
	}
	assert_string_equal(probe_errno_broken(0)->words, "connection closed");
	assert_string_equal(probe_errno_broken(ECONNRESET)->words, "connection reset");
	assert_int_equal(probe_errno_broken(ETIMEDOUT)->path, PATH_SILENT);
}

/* That there is no way to an address may be our own host's fault: isolation tells. The rest says nothing of the network. */
static void ours_proves_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct probe_outcome *outcome = probe_errno_at_once(cases[i].error);

		assert_int_not_equal(outcome->path, PATH_PROVEN);
		if (probe_why_verdict(outcome->why) == VERDICT_NONE)
			assert_int_equal(outcome->path, PATH_UNKNOWN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(broken_is_theirs),
		cmocka_unit_test(own_faults_are_proven),
		cmocka_unit_test(ours_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
