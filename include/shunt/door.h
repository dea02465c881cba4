/*
 * The contract between shuntd, shunt-door(8) and the BPF program that the latter attaches to cgroups.
 *
 * SOCK_SEQPACKET over a Unix socket. The daemon sends SHUNT_DOOR_BEGIN, first of all and after each
 * reload: the helper reads the configuration, opens the doors that it has, and expects a complete set
 * of changes, which SHUNT_DOOR_COMMIT ends. The set before it stays in force until then. Later changes
 * are in force at once. A daemon that sends nothing for ten seconds is taken for gone; changes may be
 * none. The helper sends a reply for each door whose state or count is another.
 *
 * Integers are in the host's order unless said: both ends are on the same host and of the same
 * release. A packet of another size or version is refused.
 */
#ifndef SHUNT_DOOR_H
#define SHUNT_DOOR_H

#include <stdint.h>

#define SHUNT_DOOR_VERSION 1u

/* Where a connection goes: key and value of the BPF program's map. */
struct shunt_door_place {
	uint8_t address[16]; /* network order; an IPv4 address is mapped: ::ffff:a.b.c.d */
	uint16_t port;       /* network order */
	uint16_t zero;       /* keys are compared as bytes */
};

/* Connections to `from` go to `to`. Both the same: they are no longer led elsewhere. */
struct shunt_door_change {
	struct shunt_door_place from;
	struct shunt_door_place to;
};

/* request.type */
#define SHUNT_DOOR_BEGIN 1u
#define SHUNT_DOOR_CHANGES 2u
#define SHUNT_DOOR_COMMIT 3u

#define SHUNT_DOOR_CHANGES_MAX 64u

struct shunt_door_request {
	uint32_t version; /* SHUNT_DOOR_VERSION */
	uint32_t type;    /* SHUNT_DOOR_ */
	uint32_t count;   /* of the changes that follow; 0 unless SHUNT_DOOR_CHANGES */
	struct shunt_door_change changes[SHUNT_DOOR_CHANGES_MAX];
};

/* Addresses that lead elsewhere, of all records and ports. */
#define SHUNT_DOOR_ENTRIES_MAX 65536u
/* Of the map: a complete set is in it before the one that it replaces has gone. */
#define SHUNT_DOOR_MAP_MAX (2 * SHUNT_DOOR_ENTRIES_MAX)

/* reply.state */
#define SHUNT_DOOR_ATTACHED 1u
#define SHUNT_DOOR_WAITING 2u /* there is no such cgroup now */
#define SHUNT_DOOR_REFUSED 3u /* `text` says why */

#define SHUNT_DOOR_CGROUP_MAX 512u /* with the final zero, as in reply.cgroup */
#define SHUNT_DOOR_TEXT_MAX 256u   /* with the final zero */

struct shunt_door_reply {
	uint32_t version;      /* SHUNT_DOOR_VERSION */
	uint32_t state;        /* SHUNT_DOOR_ */
	uint32_t rewritten[2]; /* connects that went elsewhere: the low word, the high one */
	char cgroup[SHUNT_DOOR_CGROUP_MAX]; /* as configured; empty: of all doors */
	char text[SHUNT_DOOR_TEXT_MAX];     /* ends with a zero */
};

_Static_assert(sizeof(struct shunt_door_place) == 20, "the place is a contract");
_Static_assert(sizeof(struct shunt_door_change) == 40, "the change is a contract");
_Static_assert(sizeof(struct shunt_door_request) == 12 + 64 * 40, "the request is a contract");
_Static_assert(sizeof(struct shunt_door_reply) == 784, "the reply is a contract");

#endif
