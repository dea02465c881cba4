#include "base/near.h"

#include <string.h>

#define NEAR_MAX 64u /* maximum length of a name that is compared */
#define PREFIX_MIN 3u

void near_init(struct near *near, const char *written)
{
	size_t slips = strlen(written) / 3;

	/* One error in three characters, but at least one and at most three. */
	slips = slips < 1 ? 1 : slips > 3 ? 3 : slips;
	*near = (struct near){ written, NULL, slips + 1 };
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/*
 * Number of insertions, deletions, substitutions and transpositions that turn `a` into `b` (optimal
 * string alignment).
 */
static size_t edits(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t row[3][NEAR_MAX + 1];
	size_t *above2 = row[0], *above = row[1], *here = row[2], *spare;

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		here[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			here[j] = smallest(above[j] + 1, here[j - 1] + 1,
			                   above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				here[j] = smallest(here[j], above2[j - 2] + 1, here[j]);
		}
		spare = above2;
		above2 = above;
		above = here;
		here = spare;
	}
	return above[b_length];
}

void near_offer(struct near *near, const char *name)
{
	size_t length = strlen(name), written = strlen(near->written), distance;

	if (length > NEAR_MAX || written > NEAR_MAX)
		return;
	distance = edits(near->written, written, name, length);
	/* The beginning of a name, such as "alias" for aliases. */
	if (written >= PREFIX_MIN && strncmp(near->written, name, written) == 0)
		distance = 1;
	if (distance < near->distance) {
		near->distance = distance;
		near->best = name;
	}
}

const char *near_find(const char *written, const char *const *names, size_t count)
{
	struct near near;

	near_init(&near, written);
	for (size_t i = 0; i < count; i++)
		near_offer(&near, names[i]);
	return near.best;
}
