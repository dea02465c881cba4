/*
 * Who may change things: uid 0, members of the control socket's group, and in a private daemon its own uid.
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
	gid_t group; /* the socket's; -1: none */
};

/* Pure. `groups`: the peer's supplementary ones. */
bool rights_allow(const struct rights *rights, uid_t uid, gid_t gid, const gid_t *groups,
                  size_t count);

/* Asks the kernel who the peer is and whose the socket is, now. */
bool rights_of(const struct control_parts *parts, const struct peer *peer);

#define RIGHTS_NAME_MAX 33

/* The user's name as /etc/passwd has it, made printable, else "uid 1234". No other database is asked: that could wait for a network. */
const char *rights_name(uid_t uid, char name[RIGHTS_NAME_MAX]);

#endif
