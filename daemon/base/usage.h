/* Resource usage of this process, read as cheaply as the kernel allows. */
#ifndef SHUNT_BASE_USAGE_H
#define SHUNT_BASE_USAGE_H

/* User and system time of all threads. */
double usage_cpu_seconds(void);

/* NaN if it cannot be determined. */
double usage_resident_bytes(void);

#endif
