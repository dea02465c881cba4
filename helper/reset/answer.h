/*
 * What the kernel answers over NETLINK_SOCK_DIAG, cut into its messages.
 *
 * It is the kernel's, and read as if it were not: every length is held to what was received.
 */
#ifndef SHUNT_HELPER_RESET_ANSWER_H
#define SHUNT_HELPER_RESET_ANSWER_H

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer_message {
	enum { ANSWER_SOCKET, ANSWER_END, ANSWER_RESULT } kind;
	uint32_t sequence; /* of the request */
	int error;         /* ANSWER_END, ANSWER_RESULT: 0, or an errno */
	/* ANSWER_SOCKET: */
	struct inet_diag_msg socket;
	bool is_mptcp; /* it is a subflow of an MPTCP connection */
};

/*
 * Takes the first message off the `*left` bytes at `*data` and moves both behind it. Returns false
 * if no whole message is left, or it is damaged; the rest is then of no use. Messages of other kinds
 * are skipped. `*data` is aligned for struct nlmsghdr.
 */
bool answer_next(const uint8_t **data, size_t *left, struct answer_message *message);

#endif
