/*
 * The mapped table of this process: requested from the daemon, checked, mapped, replaced.
 *
 * There is no lock, and nothing that a fork, a jump or a cancelled thread could leave inconsistent:
 * the state is a few atomics, and the right to make an attempt is a point in time. (attempt has
 * what a thread holds while it attaches, welcome the exchange with the daemon.) Returned tables are
 * never unmapped: a new table is mapped over the old one.
 */
#ifndef SHUNT_SHIM_ATTACH_H
#define SHUNT_SHIM_ATTACH_H

#include <stdbool.h>

/*
 * The table to read now, or NULL: pass everything on. Connects to the daemon if an attempt is due;
 * otherwise makes no system call. Preserves errno.
 */
const void *attach_table(void);

/*
 * The same, called when the table turned out to be unreadable: attaches again if an attempt is due.
 */
const void *attach_again(void);

/*
 * The mapped table, or NULL. Only attach_table() decides whether it may be used for answers. No
 * system call.
 */
const void *attach_mapped(void);

/* Whether the heartbeat was observed to change within SHUNT_HEARTBEAT_GONE_MS. */
bool attach_is_alive(void);

#endif
