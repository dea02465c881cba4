/*
 * What changes in a file when it is written or replaced. Used for the files that OpenSSL reads: it
 * would block on a FIFO, and the loop with it.
 */
#ifndef SHUNT_PROBE_TRUST_STAMP_H
#define SHUNT_PROBE_TRUST_STAMP_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* Compared as bytes, including padding. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

/* Returns false, with errno, if there is no file that can be read without blocking. */
bool stamp_read(const char *path, struct stamp *stamp);

#endif
