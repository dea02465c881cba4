/*
 * The mapped table of this process: got from the daemon, checked, mapped, replaced.
 *
 * There is no lock and nothing that a fork, a jump or a cancelled thread could leave behind: the
 * state is a handful of atomics, and the right to try is a point in time. (What a thread holds while
 * it attaches is in attempt, the conversation with the daemon in welcome.) What is returned is never
 * freed: a new table is mapped over the old one.
 */
#ifndef SHUNT_SHIM_ATTACH_H
#define SHUNT_SHIM_ATTACH_H

#include <stdbool.h>

/*
 * The table to read now, or NULL: pass everything on. Connects to the daemon where that is due;
 * else makes no system call. Keeps errno.
 */
const void *attach_table(void);

/* The same, after the table turned out to be unreadable: tries to get another one, if it is time to
 * try. */
const void *attach_again(void);

/* The table that is mapped, or NULL; whether it may be answered from is attach_table()'s to say. No system call. */
const void *attach_mapped(void);

/* Whether the heartbeat of the table has been seen to move within SHUNT_HEARTBEAT_GONE_MS. */
bool attach_is_alive(void);

#endif
