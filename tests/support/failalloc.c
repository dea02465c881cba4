/*
 * A library to preload into the daemon: makes allocations fail as a test requests.
 *
 * FAIL_ALLOC names a file that both the test and the program map: struct orders below, all of it
 * 64-bit numbers. Each allocation is counted; the one that makes `calls` equal to `fail_at` returns
 * NULL with ENOMEM, and so do the next `more` ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct orders {
	_Atomic uint64_t fail_at; /* 0: none fails */
	_Atomic uint64_t more;
	_Atomic uint64_t calls;
	_Atomic uint64_t failed;
};

static struct orders *orders;

/* glibc's allocator, under the names that it exports for malloc replacements. */
extern void *__libc_malloc(size_t size);                 /* NOLINT(bugprone-reserved-identifier) */
extern void *__libc_calloc(size_t count, size_t size);   /* NOLINT(bugprone-reserved-identifier) */
extern void *__libc_realloc(void *old, size_t size);     /* NOLINT(bugprone-reserved-identifier) */
extern void *__libc_memalign(size_t align, size_t size); /* NOLINT(bugprone-reserved-identifier) */

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("FAIL_ALLOC");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped;

	if (fd < 0)
		return;
	mapped = mmap(NULL, sizeof(struct orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped != MAP_FAILED)
		orders = mapped;
}

static bool fails(void)
{
	uint64_t call, first;

	if (!orders)
		return false;
	call = atomic_fetch_add(&orders->calls, 1) + 1;
	first = atomic_load(&orders->fail_at);
	if (first == 0 || call < first || call - first > atomic_load(&orders->more))
		return false;
	atomic_fetch_add(&orders->failed, 1);
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *memalign(size_t align, size_t size)
{
	return fails() ? NULL : __libc_memalign(align, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __libc_memalign(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
	void *found = fails() ? NULL : __libc_memalign(align, size);

	if (!found)
		return ENOMEM;
	*out = found;
	return 0;
}
