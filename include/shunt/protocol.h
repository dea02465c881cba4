/*
 * The client socket: how a process gets the table.
 *
 * SOCK_SEQPACKET over a Unix socket, one hello and one welcome a connection:
 *
 *   client: connect, send struct shunt_hello
 *   daemon: send struct shunt_welcome, with the table's memfd as SCM_RIGHTS when status is OK
 *   client: check, map, close both descriptors
 *
 * The daemon holds the connection until the client closes it: a descriptor in flight is charged to the
 * sender, and a client that never reads must not harm others. A hello that is not one, and silence for
 * SHUNT_HELLO_MS, close the connection.
 *
 * Both messages state their own size: a later version only adds at the end, a shorter message than the known one is
 * refused, more than the known one is ignored.
 */
#ifndef SHUNT_PROTOCOL_H
#define SHUNT_PROTOCOL_H

#include <stdint.h>

#define SHUNT_SOCKET_PATH "/run/shunt/shunt.sock"
#define SHUNT_CONTROL_PATH "/run/shunt/control.sock"

#define SHUNT_HELLO_MAGIC 0x4f4c4853u   /* "SHLO" */
#define SHUNT_WELCOME_MAGIC 0x4c574853u /* "SHWL" */
#define SHUNT_MESSAGE_MAX 256u          /* bytes of either message, later versions included */

#define SHUNT_ATTACH_MS 100u /* an attach costs its process at most this */
#define SHUNT_HELLO_MS 1000u /* the daemon waits so long for a hello */

/* welcome.status */
#define SHUNT_STATUS_OK 0u
#define SHUNT_STATUS_VERSION 1u /* no table version in common: no descriptor comes */

/* welcome.flags */
#define SHUNT_WELCOME_SETTLED 1u /* the table was settled when this was sent */

struct shunt_hello {
	uint32_t magic;       /* SHUNT_HELLO_MAGIC */
	uint32_t size;        /* of this message, as the client knows it */
	uint32_t version_min; /* table versions that the client reads */
	uint32_t version_max;
	uint32_t nonce; /* any number; comes back */
};

struct shunt_welcome {
	uint32_t magic;      /* SHUNT_WELCOME_MAGIC */
	uint32_t size;       /* of this message, as the daemon knows it */
	uint32_t status;     /* SHUNT_STATUS_ */
	uint32_t nonce;      /* the hello's */
	uint32_t version;    /* of the table that comes */
	uint32_t flags;      /* SHUNT_WELCOME_ */
	uint32_t table_size; /* SHUNT_TABLE_SIZE */
};

_Static_assert(sizeof(struct shunt_hello) == 20, "the hello is a contract");
_Static_assert(sizeof(struct shunt_welcome) == 28, "the welcome is a contract");

#endif
