/* Who may have a place: limits of one uid, shares once half is taken, subordinate uids of one owner. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/net/places.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NONE 0 /* in the expectations of keys: no range */

/* --- the file of subordinate uids ------------------------------------------------------------- */

static uid_t key_of(const char *text, uid_t uid)
{
	struct subuid subuid = { 0 };
	const struct subuid_range *range;
	uid_t key;

	assert_true(subuid_parse(&subuid, text, strlen(text)));
	range = subuid_find(&subuid, uid);
	key = range ? range->key : NONE;
	subuid_free(&subuid);
	return key;
}

static void ranges_are_found(void **state)
{
	static const struct {
		const char *text;
		uid_t uid, key;
	} rows[] = {
		{ "", 100000, NONE },
		{ "a:100000:65536\n", 99999, NONE },
		{ "a:100000:65536\n", 100000, 100000 },
		{ "a:100000:65536\n", 165535, 100000 },
		{ "a:100000:65536\n", 165536, NONE },
		{ "a:100000:65536", 165535, 100000 },
		{ "b:165536:65536\na:100000:65536\n", 165536, 165536 },
		/* several ranges of one owner, with another's between them */
		{ "a:300000:10\nb:200000:10\na:100000:10\n", 300009, 100000 },
		{ "a:300000:10\nb:200000:10\na:100000:10\n", 200000, 200000 },
		{ "ab:300000:10\na:100000:10\n", 300000, 300000 },
		{ "1000:300000:10\n", 300000, 300000 },
		/* the largest uid, and what is none */
		{ "a:2147483647:2147483648\n", 4294967294, 2147483647 },
		{ "a:4294967294:1\n", 4294967294, 4294967294 },
		{ "a:4294967295:1\n", 4294967295, NONE },
		{ "a:4294967294:2\n", 4294967294, NONE },
		/* invalid lines do not hide the next one */
		{ "a\nb:\nc:1\nd:x:1\ne:1:x\nf:5:0\n:7:1\ng:-1:5\nh:9:1:1\ni:100:10\n", 100, 100 },
		{ "d:x:1\n", 1, NONE },
		{ "f:5:0\n", 5, NONE },
		{ ":7:1\n", 7, NONE },
		{ "h:9:1:1\n", 9, NONE },
		{ "a:99999999999999999999:1\n", 1661992959, NONE },
		{ "a:1:4294967296\n", 1, NONE },
		{ "a: 1:5\n", 1, NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (key_of(rows[i].text, rows[i].uid) != rows[i].key)
			fail_msg("row %zu: uid %u has key %u", i, (unsigned)rows[i].uid,
			         (unsigned)key_of(rows[i].text, rows[i].uid));
}

/* Many ranges, of each length: all ends are found, nothing beyond them. */
static void every_end_is_exact(void **state)
{
	struct subuid subuid = { 0 };
	char text[20000];
	size_t length = 0;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "u%u:%u:%u\n",
		                           i * 7919 % 500, 100000 + i * 1000, i + 1);
	assert_true(subuid_parse(&subuid, text, length));
	assert_int_equal(subuid.count, 500);
	for (unsigned i = 0; i < 500; i++) {
		uid_t first = 100000 + i * 1000;

		assert_null(subuid_find(&subuid, first - 1));
		assert_int_equal(subuid_find(&subuid, first)->key, first);
		assert_int_equal(subuid_find(&subuid, first + i)->key, first);
		assert_null(subuid_find(&subuid, first + i + 1));
	}
	subuid_free(&subuid);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void a_changed_file_is_read_again(void **state)
{
	struct subuid subuid = { 0 };
	char path[] = "/tmp/shunt-subuid-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_file(path, "a:100:10\n");
	subuid_refresh(&subuid, path, 1000);
	assert_non_null(subuid_find(&subuid, 100));
	write_file(path, "a:100:10\nb:200:10\n");
	subuid_refresh(&subuid, path, 10999);
	assert_null(subuid_find(&subuid, 200));
	subuid_refresh(&subuid, path, 11000);
	assert_non_null(subuid_find(&subuid, 200));
	unlink(path);
	subuid_refresh(&subuid, path, 30000);
	assert_null(subuid_find(&subuid, 100));
	subuid_refresh(&subuid, "/dev/zero", 50000); /* not a regular file: no end */
	assert_int_equal(subuid.count, 0);
	subuid_free(&subuid);
}

/* Of the same size and time, as an editor or cp -p may leave it; the kernel's own time differs. */
static void a_file_that_looks_the_same_is_read_again(void **state)
{
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct subuid subuid = { 0 };
	char path[] = "/tmp/shunt-subuid-XXXXXX";
	struct stamp first, second;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	write_file(path, "a:100:10\n");
	assert_int_equal(futimens(fd, times), 0);
	subuid_refresh(&subuid, path, 1000);
	assert_non_null(subuid_find(&subuid, 100));
	assert_true(stamp_read(path, &first));
	do {
		write_file(path, "a:200:10\n");
		assert_int_equal(futimens(fd, times), 0);
		assert_true(stamp_read(path, &second));
	} while (stamp_equal(&first, &second));
	subuid_refresh(&subuid, path, 11000);
	assert_null(subuid_find(&subuid, 100));
	assert_non_null(subuid_find(&subuid, 200));
	close(fd);
	unlink(path);
	subuid_free(&subuid);
}

/* --- places ----------------------------------------------------------------------------------- */

#define TOTAL 1000
#define KEPT 200
#define EACH 320

static struct places places;

static int setup(void **state)
{
	const struct places_rule rule = {
		.total = TOTAL, .kept = KEPT, .each = EACH, .each_trusted = TOTAL
	};

	(void)state;
	places_init(&places, &rule);
	return 0;
}

/* Takes up to `count` places for a uid; returns how many it was given. */
static unsigned take(uid_t uid, unsigned count)
{
	unsigned taken = 0;

	while (taken < count) {
		struct place_user *user = places_user(&places, uid, uid == 0, 1);

		assert_non_null(user);
		if (!places_have_room(&places, user)) {
			places_forget(user);
			break;
		}
		places_take(&places, user);
		taken++;
	}
	return taken;
}

static void leave(uid_t uid, unsigned count)
{
	while (count-- > 0)
		places_leave(&places, places_user(&places, uid, uid == 0, 1));
}

static void end(uid_t uid)
{
	struct place_user *user = places_user(&places, uid, uid == 0, 1);
	unsigned count = user->places;

	if (count == 0)
		places_forget(user);
	leave(uid, count);
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(places.taken, 0);
	for (size_t i = 0; i < PLACES_BUCKETS; i++) {
		assert_true(LIST_EMPTY(&places.users[i]));
		assert_true(LIST_EMPTY(&places.persons[i]));
	}
	places_free(&places);
	return 0;
}

static void one_uid_has_a_limit(void **state)
{
	(void)state;
	assert_int_equal(take(1000, TOTAL), EACH);
	leave(1000, 1);
	assert_int_equal(take(1000, TOTAL), 1);
	end(1000);
}

/* 800 places: below half, a uid has 320; beyond, 1/16 of what is left, and a new uid always one. */
static void the_second_half_is_shared(void **state)
{
	(void)state;
	assert_int_equal(take(1000, TOTAL), 320);
	assert_int_equal(take(1001, TOTAL), 80); /* up to 400 */
	assert_int_equal(take(1002, TOTAL), 23); /* 23 is not less than 377 / 16 */
	for (uid_t uid = 2000; uid < 2377; uid++)
		assert_true(take(uid, 1) == 1);
	assert_int_equal(places.taken, TOTAL - KEPT);
	assert_int_equal(take(3000, 1), 0);
	assert_int_equal(take(0, TOTAL), KEPT);
	for (uid_t uid = 0; uid < 2400; uid++)
		end(uid);
}

/* A person with 700 uids is left half of the places and its share: strangers find room. */
static void uids_of_one_owner_share(void **state)
{
	const char *text = "somebody:100000:600\nsomebody:200000:100\nelse:300000:100\n";

	(void)state;
	assert_true(subuid_parse(&places.subuid, text, strlen(text)));
	for (uid_t uid = 100000; uid < 100600; uid++)
		take(uid, 1);
	for (uid_t uid = 200000; uid < 200100; uid++)
		take(uid, 1);
	assert_int_equal(places.taken, 400);
	assert_int_equal(take(300000, 10), 10);
	assert_int_equal(take(300001, 100), 13);
	assert_int_equal(take(1000, 10), 10);
	/* Its places come back to it with the next that are free. */
	leave(100000, 1);
	assert_int_equal(take(100000, 1), 0);
	for (uid_t uid = 100001; uid < 100600; uid++)
		end(uid);
	assert_int_equal(take(100000, EACH), EACH);
	for (uid_t uid = 200000; uid < 200100; uid++)
		end(uid);
	end(100000);
	end(300000);
	end(300001);
	end(1000);
}

static void who_has_more_makes_room(void **state)
{
	const char *text = "somebody:100000:600\n";
	struct place_user *few, *many, *one, *other;

	(void)state;
	assert_true(subuid_parse(&places.subuid, text, strlen(text)));
	assert_int_equal(take(1000, 5), 5);
	assert_int_equal(take(1001, 1), 1);
	assert_int_equal(take(100000, 2), 2);
	few = places_user(&places, 1001, false, 1);
	many = places_user(&places, 1000, false, 1);
	one = places_user(&places, 100000, false, 1);
	other = places_user(&places, 100001, false, 1);
	assert_true(places_may_displace(few, many));
	assert_false(places_may_displace(many, few));
	assert_true(places_may_displace(other, one));
	assert_false(
	        places_may_displace(other, few)); /* their owner has 2, though the uid has none */
	assert_true(places_may_displace(other, many));
	end(1000);
	end(1001);
	end(100000);
	end(100001);
}

/* The caller's struct is all zeros, and stays with the user as long as it has places. */
static void a_user_has_the_callers_data(void **state)
{
	struct own {
		struct place_user place;
		unsigned data[8];
	} * own;
	const struct places_rule rule = { .total = 10, .each = 10, .user_size = sizeof(*own) };

	(void)state;
	places_init(&places, &rule);
	own = (struct own *)places_user(&places, 5, false, 1);
	assert_int_equal(own->data[7], 0);
	own->data[7] = 7;
	places_take(&places, &own->place);
	assert_ptr_equal(places_user(&places, 5, false, 1), own);
	/* of the same bucket */
	assert_ptr_not_equal(places_user(&places, 5 + PLACES_BUCKETS, false, 1), own);
	places_forget(places_user(&places, 5 + PLACES_BUCKETS, false, 1));
	places_leave(&places, &own->place);
}

int main(void)
{
#define PLACES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_found),
		cmocka_unit_test(every_end_is_exact),
		cmocka_unit_test(a_changed_file_is_read_again),
		cmocka_unit_test(a_file_that_looks_the_same_is_read_again),
		PLACES(one_uid_has_a_limit),
		PLACES(the_second_half_is_shared),
		PLACES(uids_of_one_owner_share),
		PLACES(who_has_more_makes_room),
		PLACES(a_user_has_the_callers_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
