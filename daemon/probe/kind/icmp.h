/* Who reported by ICMP that a connection cannot be made. */
#ifndef SHUNT_PROBE_KIND_ICMP_H
#define SHUNT_PROBE_KIND_ICMP_H

enum icmp_sender {
	ICMP_NONE,  /* it was not reported by ICMP: a reset, or an older kernel */
	ICMP_OWN,   /* this host: its firewall rejects, or the next hop does not answer */
	ICMP_BEYOND /* another host: a router or firewall, or the peer itself */
};

/*
 * Linux fills the error queue of a TCP socket from 5.9 on, and only for a message that quotes the
 * sequence number of our SYN: it cannot be forged without seeing that.
 *
 *   icmp_listen()   called before connect()
 *   icmp_sender()   called if the connect has failed: reads the queue
 *   icmp_deafen()   called if it has succeeded: from then on no message ends the connection
 */
void icmp_listen(int fd);
enum icmp_sender icmp_sender(int fd);
void icmp_deafen(int fd);

#endif
