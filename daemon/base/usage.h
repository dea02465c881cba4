/* Resource usage of this process, read as cheaply as the kernel allows, and its limits. */
#ifndef SHUNT_BASE_USAGE_H
#define SHUNT_BASE_USAGE_H

/* User and system time of all threads. */
double usage_cpu_seconds(void);

/* NaN if it cannot be determined. */
double usage_resident_bytes(void);

/* Returns "; raise the limit of …" if the errno may be caused by a resource limit, else "". */
const char *usage_limit_cure(int error);

#endif
