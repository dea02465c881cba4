/* What this process has taken of the machine, as cheaply as the kernel says it. */
#ifndef SHUNT_BASE_USAGE_H
#define SHUNT_BASE_USAGE_H

/* User and system time of all threads. */
double usage_cpu_seconds(void);

/* NaN: it cannot be known. */
double usage_resident_bytes(void);

#endif
