#include "process/stack.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define LIMIT_BYTES ((rlim_t)STACK_LIMIT_KIB * 1024)
#define KEPT_BYTES ((size_t)STACK_KEPT_KIB * 1024)
#define STEP 1024 /* at most the size of a page */

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

/* Not by the log, whose lines are made on the stack. */
static _Noreturn void refuse(void)
{
	static const char line[] = "error: cannot start: the stack is limited to less than " TEXT(
	        STACK_LIMIT_KIB) " KiB; raise the limit of the stack (ulimit -s, LimitSTACK=)\n";
	ssize_t ignored = write(STDERR_FILENO, line, sizeof(line) - 1);

	(void)ignored;
	_exit(EXIT_FAILURE);
}

__attribute__((noinline)) static void touch(void)
{
	volatile char block[KEPT_BYTES];

	for (size_t i = sizeof(block); i > 0; i -= STEP)
		block[i - 1] = 0;
}

void stack_keep(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < LIMIT_BYTES) {
		limit.rlim_cur = limit.rlim_max < LIMIT_BYTES ? limit.rlim_max : LIMIT_BYTES;
		setrlimit(RLIMIT_STACK, &limit);
	}
	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < LIMIT_BYTES)
		refuse();
	touch();
}
