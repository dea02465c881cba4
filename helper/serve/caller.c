#include "serve/caller.h"

#include <sys/socket.h>

bool caller_may_ask(int connection, uid_t daemon, struct caller *caller)
{
	struct ucred peer = { .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t length = sizeof(peer);

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		peer.uid = (uid_t)-1;
	*caller = (struct caller){ peer.uid, peer.pid };
	return peer.uid != (uid_t)-1 && (peer.uid == 0 || peer.uid == daemon);
}
