/* Whether a file has changed: edited, touched, replaced; and what is no file. */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/net/stamp.h"

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static struct stamp stamp_of(const char *path)
{
	struct stamp stamp;

	stamp_read(path, &stamp);
	return stamp;
}

static bool same(struct stamp a, struct stamp b)
{
	return stamp_equal(&a, &b);
}

static void a_changed_file_has_another_stamp(void **state)
{
	char folder[] = "/tmp/shunt-stamp-XXXXXX", path[64], other[64];
	struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct stamp first, second, none = { 0 };

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	write_file(path, "nameserver 192.0.2.1\n");
	first = stamp_of(path);
	assert_true(same(first, stamp_of(path)));
	assert_false(same(first, none));
	/* Edited: another size. */
	write_file(path, "nameserver 192.0.2.11\n");
	second = stamp_of(path);
	assert_false(same(first, second));
	/* Touched: another time. */
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	first = stamp_of(path);
	assert_false(same(first, second));
	/* Replaced by one that looks the same: another inode. */
	write_file(other, "nameserver 192.0.2.22\n");
	assert_int_equal(utimensat(AT_FDCWD, other, times, 0), 0);
	assert_int_equal(rename(other, path), 0);
	second = stamp_of(path);
	second.changed = first.changed;
	assert_false(same(first, second));
	second.inode = first.inode;
	assert_true(same(first, second));
	second.size++;
	assert_false(same(first, second));
	assert_true(same(stamp_of(folder), none));
	assert_int_equal(unlink(path), 0);
	assert_true(same(stamp_of(path), none));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(same(stamp_of(path), none));
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_file_has_another_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
