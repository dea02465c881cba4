/*
 * Identifies a version of a file of the system's that is used while the daemon runs, to detect that
 * it was edited or replaced: resolv.conf, subuid, CA files.
 *
 * It also finds a FIFO, on which a library that opens the file would block, and the loop with it.
 */
#ifndef SHUNT_NET_STAMP_H
#define SHUNT_NET_STAMP_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

/*
 * Returns false, with errno and a stamp of zeros, if there is no file that can be read without
 * blocking.
 */
bool stamp_read(const char *path, struct stamp *stamp);

bool stamp_equal(const struct stamp *a, const struct stamp *b);

#endif
