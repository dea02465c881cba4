#include "base/number.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

pid_t number_pid(const char *text)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	return errno || *end || number < 1 || number > INT_MAX ? 0 : (pid_t)number;
}
