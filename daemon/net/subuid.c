#include "net/subuid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1 << 20) /* bytes; ranges beyond are ignored */
#define LOOK_MS 10000u
#define UID_LAST UINT64_C(0xfffffffe) /* (uid_t)-1 is no uid */

/* A line of the file; its texts are in the file's text, and end at a ':' or a newline. */
struct line {
	const char *owner;
	size_t owner_length;
	struct subuid_range range;
};

/*
 * Reads digits up to `end` (exclusive). Returns false if there is anything else, or more than fits.
 */
static bool take_number(const char *text, const char *end, uint64_t *number)
{
	*number = 0;
	if (text == end)
		return false;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*number = *number * 10 + (uint64_t)(*text - '0');
		if (*number > UINT32_MAX)
			return false;
	}
	return true;
}

static bool take_line(const char *text, const char *end, struct line *line)
{
	const char *first = memchr(text, ':', (size_t)(end - text));
	const char *count = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
	uint64_t from, number;

	if (!count || first == text || !take_number(first + 1, count, &from) ||
	    !take_number(count + 1, end, &number) || number == 0 || from + number - 1 > UID_LAST)
		return false;
	line->owner = text;
	line->owner_length = (size_t)(first - text);
	line->range.first = (uid_t)from;
	line->range.last = (uid_t)(from + number - 1);
	line->range.key = line->range.first;
	return true;
}

static size_t take_lines(const char *text, const char *end, struct line *lines)
{
	size_t count = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		count += take_line(text, stop, &lines[count]);
		text = stop + 1;
	}
	return count;
}

static int compare_owners(const struct line *a, const struct line *b)
{
	size_t shorter = a->owner_length < b->owner_length ? a->owner_length : b->owner_length;
	int order = memcmp(a->owner, b->owner, shorter);

	if (order != 0)
		return order;
	return (a->owner_length > b->owner_length) - (a->owner_length < b->owner_length);
}

static int compare_lines(const void *a, const void *b)
{
	const struct line *one = a, *other = b;
	int order = compare_owners(one, other);

	if (order != 0)
		return order;
	return (one->range.first > other->range.first) - (one->range.first < other->range.first);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct subuid_range *one = a, *other = b;

	return (one->first > other->first) - (one->first < other->first);
}

/* The lines of one owner stand next to each other, the lowest range first. */
static void copy_ranges(struct line *lines, size_t count, struct subuid_range *ranges)
{
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && compare_owners(&lines[i - 1], &lines[i]) == 0)
			lines[i].range.key = lines[i - 1].range.key;
		ranges[i] = lines[i].range;
	}
	qsort(ranges, count, sizeof(*ranges), compare_ranges);
}

static size_t count_lines(const char *text, size_t length)
{
	size_t count = 1;

	for (size_t i = 0; i < length; i++)
		count += text[i] == '\n';
	return count;
}

bool subuid_parse(struct subuid *subuid, const char *text, size_t length)
{
	size_t lines_max = count_lines(text, length);
	struct line *lines = calloc(lines_max, sizeof(*lines));
	struct subuid_range *ranges = calloc(lines_max, sizeof(*ranges));

	if (!lines || !ranges) {
		free(lines);
		free(ranges);
		return false;
	}
	free(subuid->ranges);
	subuid->count = take_lines(text, text + length, lines);
	copy_ranges(lines, subuid->count, ranges);
	subuid->ranges = ranges;
	free(lines);
	return true;
}

static size_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t got;

	while (length < size && (got = read(fd, text + length, size - length)) > 0)
		length += (size_t)got;
	return length;
}

/* Of what is not a regular file, nothing is read. */
static bool load(struct subuid *subuid, int fd)
{
	struct stat status;
	size_t size = 0;
	char *text;
	bool done;

	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		size = status.st_size < FILE_MAX ? (size_t)status.st_size : FILE_MAX;
	text = malloc(size + 1);
	done = text && subuid_parse(subuid, text, read_all(fd, text, size));
	free(text);
	return done;
}

void subuid_refresh(struct subuid *subuid, const char *path, uint64_t now_ms)
{
	struct stamp stamp;
	int fd;

	if (subuid->looked_ms && now_ms - subuid->looked_ms < LOOK_MS)
		return;
	subuid->looked_ms = now_ms;
	stamp_read(path, &stamp);
	if (stamp_equal(&stamp, &subuid->stamp))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno != ENOENT && errno != EACCES)
		return; /* no descriptor, for one: what is known stays until the next look */
	if (load(subuid, fd))
		subuid->stamp = stamp;
	if (fd >= 0)
		close(fd);
}

void subuid_free(struct subuid *subuid)
{
	free(subuid->ranges);
	subuid->ranges = NULL;
	subuid->count = 0;
}

static int compare_with_range(const void *key, const void *element)
{
	const uid_t *uid = key;
	const struct subuid_range *range = element;

	return (*uid > range->last) - (*uid < range->first);
}

const struct subuid_range *subuid_find(const struct subuid *subuid, uid_t uid)
{
	if (subuid->count == 0)
		return NULL;
	return bsearch(&uid, subuid->ranges, subuid->count, sizeof(*subuid->ranges),
	               compare_with_range);
}
