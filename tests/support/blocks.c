/*
 * Test which memory blocks the lists of getaddrinfo() consist of, by counting in a replacement for
 * malloc().
 *
 *   layout     libc's own lists, without the library: each node is one block including its address,
 *              the canonical name is another one, and freeaddrinfo() passes all of them to free().
 *              The library builds its lists in the same way.
 *   library    the library's lists consist of the same blocks
 *   failing    each allocation in turn fails: EAI_MEMORY, and no block is left
 */
#include "guest.h"

#define BLOCKS_MAX 256
#define NAME "several.test"
#define ADDRESSES 3
#define KINDS 3

/* glibc exports its allocator under these names for programs that replace malloc(). */
extern void *__libc_malloc(size_t size); /* NOLINT(bugprone-reserved-identifier) */
extern void __libc_free(void *block);    /* NOLINT(bugprone-reserved-identifier) */

/*
 * Volatile: the headers promise the compiler that libc's functions do not call back into this file.
 */
static volatile bool watching;
static void *volatile blocks[BLOCKS_MAX];
static volatile int count;
static volatile int failing_at; /* the number of the allocation that fails, from 1; 0: none */

void *malloc(size_t size)
{
	void *block;

	if (watching && failing_at) {
		failing_at -= 1;
		if (failing_at == 0) {
			errno = ENOMEM;
			return NULL;
		}
	}
	block = __libc_malloc(size);
	for (int i = 0; watching && block && i < BLOCKS_MAX; i++)
		if (!blocks[i]) {
			blocks[i] = block;
			count += 1;
			break;
		}
	return block;
}

void free(void *block)
{
	for (int i = 0; watching && block && i < BLOCKS_MAX; i++)
		if (blocks[i] == block) {
			blocks[i] = NULL;
			count -= 1;
		}
	__libc_free(block);
}

static bool is_block(const void *start)
{
	for (int i = 0; i < BLOCKS_MAX; i++)
		if (blocks[i] == start)
			return true;
	return false;
}

static void check_list(const char *name, int family, int nodes)
{
	const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_family = family };
	struct addrinfo *list;
	int seen = 0;

	watching = true;
	CHECK(getaddrinfo(name, "80", &hints, &list) == 0);
	for (const struct addrinfo *node = list; node; node = node->ai_next, seen++) {
		CHECK(is_block(node));
		CHECK((const char *)node->ai_addr == (const char *)(node + 1));
		CHECK(node == list ? is_block(node->ai_canonname) : !node->ai_canonname);
	}
	CHECK(seen == nodes && count == nodes + 1);
	freeaddrinfo(list);
	CHECK(count == 0);
	watching = false;
}

static void layout(const char *argument)
{
	(void)argument;
	check_list("192.0.2.9", AF_UNSPEC, KINDS);
	check_list("2001:db8::9", AF_INET6, KINDS);
}

static void library(const char *argument)
{
	(void)argument;
	guest_attach();
	check_list(NAME, AF_UNSPEC, ADDRESSES * KINDS);
	check_list(NAME, AF_INET6, KINDS);
}

static void failing(const char *argument)
{
	const struct addrinfo hints = { .ai_flags = AI_CANONNAME };
	struct addrinfo *const untouched = (struct addrinfo *)&hints, *list;
	int failures = 0, error;

	(void)argument;
	guest_attach();
	watching = true;
	do {
		list = untouched;
		failing_at = failures + 1;
		error = getaddrinfo(NAME, "80", &hints, &list);
		if (error) {
			CHECK(error == EAI_MEMORY && list == untouched && count == 0);
			failures++;
		}
	} while (error);
	failing_at = 0;
	freeaddrinfo(list);
	CHECK(failures == ADDRESSES * KINDS + 1 && count == 0);
	watching = false;
}

int main(int argc, char **argv)
{
	static const struct guest_case cases[] = { { "layout", layout },
		                                   { "library", library },
		                                   { "failing", failing } };

	return guest_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
