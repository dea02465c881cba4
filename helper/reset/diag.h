/*
 * Finds and resets TCP connections of this network namespace, by NETLINK_SOCK_DIAG (sock_diag(7)).
 *
 *   diag_open()      once
 *   diag_find()      lists the connections of programs to a peer
 *   diag_destroy()   resets some of a list
 *
 * Listed are connections that a program holds and that are being opened, open, or closed by one
 * side. Not: what listens; what is in TIME_WAIT, or otherwise no program's any more; and subflows
 * of MPTCP, which the kernel does not reset so that the program hears of it.
 */
#ifndef SHUNT_HELPER_RESET_DIAG_H
#define SHUNT_HELPER_RESET_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"
#include "reset/snapshot.h"

struct diag {
	int fd;
	uid_t except; /* whose connections are left; -1: nobody's */
	uint32_t sequence;
};

/*
 * Connections of `except` are never listed, unless that is root: the probes of a daemon that has a
 * user of its own. Returns false with errno.
 */
bool diag_open(struct diag *diag, uid_t except);

struct diag_peer {
	const struct address *address;
	const uint16_t *ports;
	size_t port_count; /* 1 to SHUNT_RESET_PORTS_MAX */
};

/*
 * Appends the connections to the address at one of the ports to `out`, whose memory the caller frees
 * in any case. Returns false with errno.
 */
bool diag_find(struct diag *diag, const struct diag_peer *peer, struct snapshot *out);

#define DIAG_BATCH 64u

struct diag_result {
	size_t reset;
	size_t gone; /* it ended by itself, or another socket has its addresses and ports now */
	size_t kept; /* the kernel does not reset it */
};

/*
 * Resets `count` of them, at most DIAG_BATCH. The program that holds one gets ECONNABORTED at once.
 * Returns false with errno if the kernel does not answer, or this process may not.
 */
bool diag_destroy(struct diag *diag, const struct snapshot_entry *entries, size_t count,
                  struct diag_result *result);

#endif
