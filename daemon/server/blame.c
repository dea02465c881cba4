#include "server/blame.h"

#include <stdio.h>

void blame_setting(const char *file, unsigned line, const char *setting, const char *error)
{
	if (line)
		fprintf(stderr, "%s:%u: %s: %s\n", file, line, setting, error);
	else
		fprintf(stderr, "%s: %s: %s\n", file, setting, error);
}
