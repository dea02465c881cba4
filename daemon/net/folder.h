/*
 * Opens folders for operations relative to a descriptor. Used by net/listener and state/file, as
 * root if the daemon starts as root: such a folder may be inside one that belongs to another user,
 * who can replace any part of its path at any time.
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
 * Returns an O_PATH descriptor, to be closed by the caller, or -1 with errno. As root, follows only
 * symbolic links that belong to root: ELOOP for others. Sets `*foreign` if root passes through a
 * folder that another user can modify.
 */
int folder_open(const char *path, bool *foreign);

#endif
