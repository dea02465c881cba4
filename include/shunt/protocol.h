/*
 * The client socket: how a process gets the table.
 *
 * SOCK_SEQPACKET over a Unix socket, one hello and one welcome per connection:
 *
 *   client: connect, send struct shunt_hello
 *   daemon: send struct shunt_welcome, with the table's memfd as SCM_RIGHTS when status is OK
 *   client: check, map, close both descriptors
 *
 * The daemon keeps the connection until the client closes it: a descriptor in flight is charged to
 * the sender, and a client that never reads must not harm others. An invalid hello closes the
 * connection, and so does the lack of one for SHUNT_HELLO_MS.
 *
 * Both messages contain their own size. Later versions only append fields: a message shorter than
 * the known struct is rejected, and what exceeds it is ignored.
 */
#ifndef SHUNT_PROTOCOL_H
#define SHUNT_PROTOCOL_H

#include <stdint.h>

#define SHUNT_SOCKET_PATH "/run/shunt/shunt.sock"
#define SHUNT_CONTROL_PATH "/run/shunt/control.sock"

#define SHUNT_HELLO_MAGIC 0x4f4c4853u   /* "SHLO" */
#define SHUNT_WELCOME_MAGIC 0x4c574853u /* "SHWL" */
#define SHUNT_MESSAGE_MAX 256u          /* maximum size of either message, in later versions too */

#define SHUNT_ATTACH_MS 100u /* the longest time that an attach may take */
#define SHUNT_HELLO_MS 1000u /* how long the daemon waits for a hello */

/* welcome.status */
#define SHUNT_STATUS_OK 0u
#define SHUNT_STATUS_VERSION 1u /* no table version in common: no descriptor is sent */

/* welcome.flags */
#define SHUNT_WELCOME_SETTLED 1u /* the table was settled when this was sent */

struct shunt_hello {
	uint32_t magic;       /* SHUNT_HELLO_MAGIC */
	uint32_t size;        /* size of this message, as the client knows it */
	uint32_t version_min; /* table versions that the client can read */
	uint32_t version_max;
	uint32_t nonce; /* any number; returned in the welcome */
};

struct shunt_welcome {
	uint32_t magic;      /* SHUNT_WELCOME_MAGIC */
	uint32_t size;       /* size of this message, as the daemon knows it */
	uint32_t status;     /* SHUNT_STATUS_ */
	uint32_t nonce;      /* nonce of the hello */
	uint32_t version;    /* version of the table that is sent */
	uint32_t flags;      /* SHUNT_WELCOME_ */
	uint32_t table_size; /* SHUNT_TABLE_SIZE */
};

_Static_assert(sizeof(struct shunt_hello) == 20, "the hello is a contract");
_Static_assert(sizeof(struct shunt_welcome) == 28, "the welcome is a contract");

#endif
