#include "base/usage.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

double usage_cpu_seconds(void)
{
	struct timespec used = { 0 };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* The second number in /proc/self/statm (proc(5)), in pages. */
double usage_resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages;
	int read;

	if (!file)
		return NAN;
	read = fscanf(file, "%*u %lu", &pages);
	fclose(file);
	return read == 1 ? (double)pages * (double)sysconf(_SC_PAGESIZE) : NAN;
}

const char *usage_limit_cure(int error)
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
