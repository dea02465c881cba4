/* The daemon's end of a helper's Unix socket: packets. */
#ifndef SHUNT_NET_SEQPACKET_H
#define SHUNT_NET_SEQPACKET_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Connects without waiting: a Unix socket connects at once or not at all. Returns the descriptor,
 * non-blocking and close-on-exec, or -1 with errno; EAGAIN: too many others wait there. `path`: at
 * most 107 bytes.
 */
int seqpacket_connect(const char *path);

/*
 * Reads a packet without waiting; what is beyond `size` is dropped. Returns its whole length, 0 if
 * the helper has closed, or -1 with errno. A helper that closes before it has read all that was
 * sent to it makes the kernel report that first (ECONNRESET, once), ahead of its last packets:
 * these are read nonetheless.
 */
ssize_t seqpacket_read(int fd, void *packet, size_t size);

#endif
