/* This host's own key: when it is written, against which revision, and when its name is taken. */
#include "fleet/own_key.h"

#include "tests/support/unit.h"

#define LEASE 7u

static void see(struct own_key *own, uint64_t revision, uint64_t lease, bool deleted, bool mine,
                uint64_t now_ms)
{
	const struct reply_key key = { .revision = revision, .lease = lease, .deleted = deleted };

	own_key_seen(own, &key, mine, now_ms);
}

static void test_first(void **state)
{
	struct own_key own = { 0 };

	(void)state;
	assert_true(own_key_wants_write(&own, LEASE));
	assert_int_equal(own_key_basis(&own), 0);
	own_key_written(&own, 12, LEASE);
	assert_false(own_key_wants_write(&own, LEASE));
	assert_int_equal(own_key_basis(&own), 12);
}

static void test_written_again(void **state)
{
	struct own_key own = { 0 };

	(void)state;
	own_key_written(&own, 12, LEASE);
	assert_true(own_key_wants_write(&own, LEASE + 1)); /* below a new lease */
	own.dirty = true;
	assert_true(own_key_wants_write(&own, LEASE));
	own.dirty = false;
	see(&own, 13, 0, true, false, 1); /* its lease has ended */
	assert_true(own_key_wants_write(&own, LEASE));
	assert_int_equal(own_key_basis(&own), 0);
	own_key_written(&own, 14, LEASE);
	own_key_unknown(&own);
	assert_true(own_key_wants_write(&own, LEASE));
	assert_int_equal(own_key_basis(&own), 0);
	see(&own, 14, LEASE, false, true, 2);
	assert_false(own_key_wants_write(&own, LEASE));
	assert_int_equal(own_key_basis(&own), 14);
}

static void test_another_holds_it(void **state)
{
	struct own_key own = { .dirty = true };

	(void)state;
	see(&own, 5, 99, false, false, 1000);
	assert_int_equal(own.holder, OWN_KEY_OTHER);
	assert_false(own_key_wants_write(&own, LEASE));
	see(&own, 6, 99, false, false, 5000); /* since 1000 all the same */
	assert_false(own_key_is_taken(&own, 1000 + 15000, 10));
	assert_true(own_key_is_taken(&own, 1001 + 15000, 10));
	see(&own, 7, 0, true, false, 20000);
	assert_false(own_key_is_taken(&own, 1000000, 10));
	assert_true(own_key_wants_write(&own, LEASE));
}

static void test_changes_that_do_not_tell(void **state)
{
	struct own_key own = { 0 };

	(void)state;
	for (int i = 1; i < 10; i++)
		assert_false(own_key_met_another(&own));
	assert_true(own.dirty);
	assert_true(own_key_met_another(&own));
	assert_false(own_key_met_another(&own)); /* counted anew */
	see(&own, 5, LEASE, false, true, 1);
	for (int i = 1; i < 10; i++)
		assert_false(own_key_met_another(&own));
	own_key_written(&own, 6, LEASE);
	assert_false(own_key_met_another(&own));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_written_again),
		cmocka_unit_test(test_another_holds_it),
		cmocka_unit_test(test_changes_that_do_not_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
