/*
 * The program that the kernel runs over every socket while it lists them (INET_DIAG_REQ_BYTECODE),
 * so that of 20,000 sockets only those to reset are sent.
 */
#ifndef SHUNT_HELPER_RESET_FILTER_H
#define SHUNT_HELPER_RESET_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

#include "shunt/reset.h"

/* Bytes: for each port a condition with an IPv6 address, and the jump behind it. */
#define FILTER_MAX (SHUNT_RESET_PORTS_MAX * (4 + 8 + 16 + 4))

/*
 * Matches sockets whose peer is the address at one of the ports. `count` is 1 to
 * SHUNT_RESET_PORTS_MAX. A condition for IPv4 also matches the v4-mapped peers of IPv6 sockets.
 * Aligned for struct inet_diag_bc_op. Returns the length in bytes.
 */
size_t filter_make(const struct address *peer, const uint16_t *ports, size_t count,
                   uint32_t program[FILTER_MAX / 4]);

#endif
