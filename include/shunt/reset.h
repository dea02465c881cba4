/*
 * The contract between shuntd and shunt-reset(8), the program that resets connections.
 *
 * SOCK_SEQPACKET over a Unix socket. The helper begins: a reply SHUNT_RESET_READY, or
 * SHUNT_RESET_REFUSED and the end of the connection, if it cannot work. Then each request gets one
 * SHUNT_RESET_FOUND, once the connections to reset have been listed, and one SHUNT_RESET_DONE, once
 * each of them is reset or gone; or one SHUNT_RESET_REFUSED. The helper drops what is not done when
 * the connection is closed.
 *
 * Integers and ports are in the host's order: both ends are on the same host and of the same
 * release. A packet of another size or version is refused.
 */
#ifndef SHUNT_RESET_H
#define SHUNT_RESET_H

#include <stdint.h>

#define SHUNT_RESET_VERSION 1u
#define SHUNT_RESET_PORTS_MAX 16u
#define SHUNT_RESET_JOBS_MAX 256u /* requests that are not done, for one connection */
#define SHUNT_RESET_TEXT_MAX 200u /* with the final zero */

/* request.flags */
#define SHUNT_RESET_DRY_RUN 1u /* find and count them, and reset none */

struct shunt_reset_request {
	uint32_t version; /* SHUNT_RESET_VERSION */
	uint32_t job;     /* any number; repeated in the replies */
	uint32_t flags;   /* SHUNT_RESET_DRY_RUN */
	uint32_t family;  /* of the peer's address: SHUNT_FAMILY_ of shunt/table.h */
	uint32_t scope_id;
	uint8_t byte[16]; /* network order; IPv4 in the first four */
	uint32_t port_count;
	uint16_t port[SHUNT_RESET_PORTS_MAX];
};

/* reply.kind */
#define SHUNT_RESET_READY 1u
#define SHUNT_RESET_FOUND 2u
#define SHUNT_RESET_DONE 3u
#define SHUNT_RESET_REFUSED 4u

struct shunt_reset_reply {
	uint32_t version;
	uint32_t kind; /* SHUNT_RESET_ */
	uint32_t job;  /* 0: of the whole connection */
	uint32_t found;
	uint32_t reset;
	uint32_t gone; /* closed by themselves before their turn */
	uint32_t kept; /* of a kind that cannot be reset; MPTCP, for one */
	uint32_t rate; /* SHUNT_RESET_READY: resets a second, from the configuration */
	char text[SHUNT_RESET_TEXT_MAX]; /* SHUNT_RESET_REFUSED: why; ends with a zero */
};

_Static_assert(sizeof(struct shunt_reset_request) == 72, "the request is a contract");
_Static_assert(sizeof(struct shunt_reset_reply) == 232, "the reply is a contract");

#endif
