/*
 * Opens folders for work below a descriptor. net/listener and state/file call this, as root where the daemon starts as root: such a
 * folder may lie in one that belongs to another user, who can replace every part of its path at any moment.
 */
#ifndef SHUNT_NET_FOLDER_H
#define SHUNT_NET_FOLDER_H

#include <limits.h>
#include <stdbool.h>

/* "/run/x.sock" → "/run", "/x" → "/", "x" → ".". */
void folder_of(const char *path, char folder[PATH_MAX]);

/* "/run/x.sock" → "x.sock". Points into `path`. */
const char *folder_name_in(const char *path);

/*
 * Returns a descriptor of O_PATH that the caller closes, or -1 with errno. Root follows links that belong to root only: ELOOP for others.
 * `*foreign` is set where root goes through a folder that another user may change.
 */
int folder_open(const char *path, bool *foreign);

#endif
