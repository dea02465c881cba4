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
 *
 * The report socket: how a process says that a connection failed.
 *
 * SOCK_DGRAM at the path of the client socket and SHUNT_REPORT_SUFFIX, one struct shunt_report for each
 * failure, never answered, never waited for: what does not fit the queue is lost. The daemon takes the
 * sender's uid from the kernel, and a report for no more than a hint to probe that address.
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

#define SHUNT_REPORT_SUFFIX ".report"
#define SHUNT_REPORT_MAGIC 0x4f505253u /* "SRPO" */
#define SHUNT_REPORT_MAX 512u          /* of a report with its name, in later versions too */

/* The record's name follows, `name_length` characters, not terminated. */
struct shunt_report {
	uint32_t magic;   /* SHUNT_REPORT_MAGIC */
	uint32_t size;    /* size of this struct, as the client knows it */
	uint32_t error;   /* errno of connect(); 0: not known yet, of one that does not block */
	uint32_t port;    /* 1 to 65535 */
	uint32_t family;  /* SHUNT_FAMILY_ */
	uint32_t word[4]; /* as in struct shunt_address; the next one too */
	uint32_t scope_id;
	uint32_t name_length; /* 1 to SHUNT_NAME_MAX */
};

_Static_assert(sizeof(struct shunt_report) == 44, "the report is a contract");
_Static_assert(sizeof(struct shunt_hello) == 20, "the hello is a contract");
_Static_assert(sizeof(struct shunt_welcome) == 28, "the welcome is a contract");

#endif
