/* What an errno of a connection says: faults of our own are no verdict, whatever they are. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>

#include "daemon/probe/errno_words.h"
#include "tests/support/unit.h"

static const struct {
	int error;
	enum verdict at_once, later;
	enum probe_path later_path;
} cases[] = {
	{ EMFILE, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN }, /* never comes later */
	{ ENFILE, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ ENOBUFS, VERDICT_NONE, VERDICT_NONE, PATH_UNKNOWN },
	{ ENOMEM, VERDICT_NONE, VERDICT_NONE, PATH_UNKNOWN },
	{ EADDRNOTAVAIL, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EADDRINUSE, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EAFNOSUPPORT, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EACCES, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EPERM, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EINVAL, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ EAGAIN, VERDICT_NONE, VERDICT_FAIL, PATH_UNKNOWN },
	{ ECONNREFUSED, VERDICT_FAIL, VERDICT_FAIL, PATH_PROVEN },
	{ ECONNRESET, VERDICT_NONE, VERDICT_FAIL, PATH_PROVEN },
	{ ETIMEDOUT, VERDICT_NONE, VERDICT_FAIL, PATH_SILENT },
	{ EHOSTUNREACH, VERDICT_FAIL, VERDICT_FAIL, PATH_SILENT },
	{ ENETUNREACH, VERDICT_FAIL, VERDICT_FAIL, PATH_SILENT },
	{ ENETDOWN, VERDICT_FAIL, VERDICT_FAIL, PATH_SILENT },
	{ EHOSTDOWN, VERDICT_NONE, VERDICT_FAIL, PATH_SILENT },
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
		cmocka_unit_test(ours_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
