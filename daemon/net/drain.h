/*
 * Sockets whose connection has served its purpose: what the peer still sends is read and thrown
 * away until the peer closes, so that our close resets nothing that a server is writing, and the
 * server, which closes first, keeps no error. Bounded by DRAIN_MS, DRAIN_BYTES and DRAIN_SOCKETS;
 * beyond the time the close is an orderly one (FIN), beyond the others it resets.
 *
 * The sockets are non-blocking and have SO_LINGER {1, 0}: once the peer has closed, no TIME_WAIT is
 * left at either end.
 */
#ifndef SHUNT_NET_DRAIN_H
#define SHUNT_NET_DRAIN_H

struct event_base;
struct drain;

#define DRAIN_MS 100u
#define DRAIN_BYTES 65536u
#define DRAIN_SOCKETS 256u /* at one time */

/* NULL: out of memory. */
struct drain *drain_new(struct event_base *base);
/* Closes what is left. NULL is taken. */
void drain_free(struct drain *drain);

/* The socket is the drain's from here on. */
void drain_socket(struct drain *drain, int fd);

#endif
