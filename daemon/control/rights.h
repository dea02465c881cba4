/*
 * Who may change anything: uid 0, members of the control socket's group and, in a private daemon,
 * the daemon's own uid.
 */
#ifndef SHUNT_CONTROL_RIGHTS_H
#define SHUNT_CONTROL_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct control_parts;
struct peer;

struct rights {
	uid_t owner; /* allowed besides root; -1: none */
	gid_t group; /* of the socket; -1: none */
};

/* Pure. `groups`: the peer's supplementary groups. */
bool rights_allow(const struct rights *rights, uid_t uid, gid_t gid, const gid_t *groups,
                  size_t count);

/* Reads the peer's credentials and the socket's owner from the kernel at the time of the call. */
bool rights_of(const struct control_parts *parts, const struct peer *peer);

#define RIGHTS_NAME_MAX 33

/*
 * The user's name from /etc/passwd, made printable; otherwise "uid 1234". No other source of users
 * is queried, since that could block on the network.
 */
const char *rights_name(uid_t uid, char name[RIGHTS_NAME_MAX]);

#endif
