#include "probe/trust/stamp.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

bool stamp_read(const char *path, struct stamp *stamp)
{
	struct stat status;

	/* Stamps are compared as bytes, including padding. */
	memset(stamp, 0, sizeof(*stamp));
	if (stat(path, &status) < 0)
		return false;
	if (!S_ISREG(status.st_mode)) {
		errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
		return false;
	}
	stamp->device = status.st_dev;
	stamp->inode = status.st_ino;
	stamp->size = status.st_size;
	stamp->modified = status.st_mtim;
	stamp->changed = status.st_ctim;
	return true;
}
