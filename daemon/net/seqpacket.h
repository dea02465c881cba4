/* The daemon's end of a helper's Unix socket: packets. */
#ifndef SHUNT_NET_SEQPACKET_H
#define SHUNT_NET_SEQPACKET_H

/*
 * Connects without waiting: a Unix socket connects at once or not at all. Returns the descriptor,
 * non-blocking and close-on-exec, or -1 with errno; EAGAIN: too many others wait there. `path`: at
 * most 107 bytes.
 */
int seqpacket_connect(const char *path);

#endif
