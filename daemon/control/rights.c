#include "control/rights.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/printable.h"
#include "control/parts.h"
#include "control/peer.h"

#define NOBODY ((uid_t)-1)
#define NO_GROUP ((gid_t)-1)

bool rights_allow(const struct rights *rights, uid_t uid, gid_t gid, const gid_t *groups,
                  size_t count)
{
	bool member = gid == rights->group;

	if (uid == NOBODY)
		return false;
	if (uid == 0 || uid == rights->owner)
		return true;
	for (size_t i = 0; i < count && !member; i++)
		member = groups[i] == rights->group;
	return member && rights->group != NO_GROUP;
}

/* The group is the file's: an administrator grants rights by changing it. */
static gid_t socket_group(int listening)
{
	struct sockaddr_un address = { .sun_family = AF_UNSPEC };
	socklen_t length = sizeof(address);
	struct stat file;

	if (getsockname(listening, (struct sockaddr *)&address, &length) < 0 ||
	    address.sun_family != AF_UNIX || length <= offsetof(struct sockaddr_un, sun_path))
		return NO_GROUP;
	if (!address.sun_path[0] || stat(address.sun_path, &file) < 0)
		return NO_GROUP;
	return file.st_gid;
}

/* The peer's supplementary groups at the time it connected; the caller frees them. */
static gid_t *peer_groups(int fd, size_t *count)
{
	socklen_t size = 0;
	gid_t *groups = NULL;

	*count = 0;
	/* With a length of 0, getsockopt() reports the length needed. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || size == 0)
		return NULL;
	groups = malloc(size);
	if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
		*count = size / sizeof(*groups);
	return groups;
}

bool rights_of(const struct control_parts *parts, const struct peer *peer)
{
	const struct rights rights = { .owner = parts->is_private ? geteuid() : NOBODY,
		                       .group = socket_group(parts->fd) };
	size_t count;
	gid_t *groups = peer_groups(peer->fd, &count);
	bool allowed = rights_allow(&rights, peer->cred.uid, peer->cred.gid, groups, count);

	free(groups);
	return allowed;
}

const char *rights_name(uid_t uid, char name[RIGHTS_NAME_MAX])
{
	FILE *users = fopen("/etc/passwd", "re");
	const struct passwd *user;

	snprintf(name, RIGHTS_NAME_MAX, "uid %u", uid);
	while (users && (user = fgetpwent(users))) {
		if (user->pw_uid != uid)
			continue;
		printable_clean(name, RIGHTS_NAME_MAX, user->pw_name);
		break;
	}
	if (users)
		fclose(users);
	return name;
}
