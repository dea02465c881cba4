#include "server/blame.h"

#include <errno.h>
#include <stdio.h>

void blame_setting(const char *file, unsigned line, const char *setting, const char *error)
{
	if (line)
		fprintf(stderr, "%s:%u: %s: %s\n", file, line, setting, error);
	else
		fprintf(stderr, "%s: %s: %s\n", file, setting, error);
}

const char *blame_limit(int error)
{
	switch (error) {
	case EFBIG: return "; raise the limit of a file's size (ulimit -f, LimitFSIZE=)";
	case EMFILE: return "; raise the limit of open files (ulimit -n, LimitNOFILE=)";
	case ENOMEM:
		return "; free memory, or raise the limit of address space (ulimit -v, LimitAS=)";
	case EAGAIN: return "; raise the limit of processes (ulimit -u, LimitNPROC=)";
	default: return "";
	}
}
