#include "reset/diag.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "reset/answer.h"
#include "reset/filter.h"

#include "shunt/table.h"

#define ANSWER_SIZE 65536u /* the kernel fills at most 32 KiB at a time */
#define ANSWER_SECONDS 5   /* it answers at once, unless something is wrong */

#define STATES                                                                                     \
	(1u << TCP_ESTABLISHED | 1u << TCP_SYN_SENT | 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 |  \
	 1u << TCP_CLOSE_WAIT)

/* --- the socket ------------------------------------------------------------------------------- */

bool diag_open(struct diag *diag, uid_t except)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	const int on = 1;

	diag->sequence = 0;
	diag->except = except == 0 ? (uid_t)-1 : except;
	diag->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (diag->fd < 0)
		return false;
	/* A result does not repeat its request. Without it the results are only longer. */
	setsockopt(diag->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	if (setsockopt(diag->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0)
		return true;
	close(diag->fd);
	return false;
}

static bool send_all(const struct diag *diag, const struct iovec *parts, size_t count)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr message = { .msg_name = &kernel,
		                  .msg_namelen = sizeof(kernel),
		                  .msg_iov = (struct iovec *)parts,
		                  .msg_iovlen = count };
	ssize_t n;

	do {
		n = sendmsg(diag->fd, &message, 0);
	} while (n < 0 && errno == EINTR);
	return n >= 0;
}

/* Bytes from the kernel; 0 if another process sent them, which any process could; -1 with errno. */
static ssize_t receive(const struct diag *diag, void *buffer)
{
	struct sockaddr_nl sender = { .nl_pid = 1 };
	struct iovec vector = { buffer, ANSWER_SIZE };
	struct msghdr message = { .msg_name = &sender,
		                  .msg_namelen = sizeof(sender),
		                  .msg_iov = &vector,
		                  .msg_iovlen = 1 };
	ssize_t n;

	do {
		n = recvmsg(diag->fd, &message, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 || sender.nl_pid != 0)
		return n < 0 ? -1 : 0;
	if (!(message.msg_flags & MSG_TRUNC))
		return n;
	errno = EMSGSIZE;
	return -1;
}

/* --- finding ---------------------------------------------------------------------------------- */

struct filter {
	struct rtattr head;
	uint32_t program[FILTER_MAX / 4];
};

struct search {
	struct nlmsghdr head;
	struct inet_diag_req_v2 wanted;
	struct filter filter;
};

/* The request before that one has no family, so that one walk over all sockets finds both. */
struct search_both {
	struct nlmsghdr head;
	struct inet_diag_req wanted;
	struct filter filter;
};

#define EXTENSIONS (1u << (INET_DIAG_INFO - 1)) /* what tells an MPTCP subflow comes with it */

/* Sends the request that `head` begins, whose filter is its last part. */
static bool ask(struct diag *diag, struct nlmsghdr *head, struct filter *filter, size_t length)
{
	struct iovec part = { head, (size_t)((char *)filter->program - (char *)head) + length };

	filter->head.rta_type = INET_DIAG_REQ_BYTECODE;
	filter->head.rta_len = (unsigned short)RTA_LENGTH(length);
	head->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	head->nlmsg_seq = ++diag->sequence;
	head->nlmsg_len = (uint32_t)part.iov_len;
	return send_all(diag, &part, 1);
}

/* A link-local peer is another one on another link; its sockets are bound to theirs. */
static bool is_on_link(const struct answer_message *message, const struct address *peer)
{
	const uint32_t link = message->socket.id.idiag_if;

	return !peer->scope_id || !link || link == peer->scope_id;
}

static bool is_wanted(uint8_t state)
{
	return state < 32 && 1u << state & STATES;
}

static void keep(const struct diag *diag, const struct answer_message *message,
                 const struct address *peer, struct snapshot *out)
{
	const struct inet_diag_msg *found = &message->socket;

	if (found->idiag_inode == 0 || !is_wanted(found->idiag_state) ||
	    !is_on_link(message, peer) || found->idiag_uid == diag->except)
		return;
	if (!message->is_mptcp && snapshot_add(out, found->idiag_family, &found->id))
		return;
	out->total += message->is_mptcp;
	out->kept++;
}

/* Returns true when the list has ended; `*good`: without an error. */
static bool take(const struct diag *diag, const uint8_t *data, size_t left,
                 const struct address *peer, struct snapshot *out)
{
	struct answer_message message;

	while (answer_next(&data, &left, &message)) {
		if (message.sequence != diag->sequence)
			continue;
		if (message.kind != ANSWER_SOCKET) {
			errno = message.error;
			return true;
		}
		keep(diag, &message, peer, out);
	}
	return false;
}

static bool collect_found(struct diag *diag, const struct address *peer, struct snapshot *out)
{
	_Alignas(struct nlmsghdr) static uint8_t buffer[ANSWER_SIZE];
	ssize_t n;

	do {
		n = receive(diag, buffer);
		if (n < 0)
			return false;
	} while (!take(diag, buffer, (size_t)n, peer, out));
	return errno == 0;
}

static bool find_family(struct diag *diag, const struct diag_peer *peer, uint8_t family,
                        struct snapshot *out)
{
	struct search search = { .head = { .nlmsg_type = SOCK_DIAG_BY_FAMILY },
		                 .wanted = { .sdiag_family = family,
		                             .sdiag_protocol = IPPROTO_TCP,
		                             .idiag_ext = EXTENSIONS,
		                             .idiag_states = STATES } };

	return ask(diag, &search.head, &search.filter,
	           filter_make(peer->address, peer->ports, peer->port_count,
	                       search.filter.program)) &&
	       collect_found(diag, peer->address, out);
}

static bool find_both(struct diag *diag, const struct diag_peer *peer, struct snapshot *out)
{
	struct search_both search = { .head = { .nlmsg_type = TCPDIAG_GETSOCK },
		                      .wanted = { .idiag_family = AF_INET,
		                                  .idiag_ext = EXTENSIONS,
		                                  .idiag_states = STATES } };

	return ask(diag, &search.head, &search.filter,
	           filter_make(peer->address, peer->ports, peer->port_count,
	                       search.filter.program)) &&
	       collect_found(diag, peer->address, out);
}

/*
 * The peers of sockets of AF_INET6 are IPv4 addresses, too, in the v4-mapped form. A kernel without
 * the older request is asked twice.
 */
bool diag_find(struct diag *diag, const struct diag_peer *peer, struct snapshot *out)
{
	const size_t before = out->count;

	if (peer->address->family == SHUNT_FAMILY_IPV6)
		return find_family(diag, peer, AF_INET6, out);
	if (find_both(diag, peer, out))
		return true;
	return out->count == before && find_family(diag, peer, AF_INET, out) &&
	       find_family(diag, peer, AF_INET6, out);
}

/* --- resetting -------------------------------------------------------------------------------- */

struct destruction {
	struct nlmsghdr head;
	struct inet_diag_req_v2 wanted;
};

static void prepare(struct destruction *one, const struct snapshot_entry *entry, uint32_t sequence)
{
	*one = (struct destruction){ .head = { .nlmsg_len = sizeof(*one),
		                               .nlmsg_type = SOCK_DESTROY,
		                               .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		                               .nlmsg_seq = sequence },
		                     .wanted = { .sdiag_family = entry->family,
		                                 .sdiag_protocol = IPPROTO_TCP,
		                                 .idiag_states = STATES,
		                                 .id = entry->id } };
}

/* ESTALE: the cookie is another socket's. Returns false for what concerns all of them. */
static bool count_result(int error, struct diag_result *result)
{
	switch (error) {
	case 0: result->reset++; return true;
	case ENOENT:
	case ESTALE: result->gone++; return true;
	case EPERM:
	case EACCES:
	case EINVAL: errno = error; return false;
	default: result->kept++; return true;
	}
}

static bool collect(const struct diag *diag, uint32_t first, size_t count,
                    struct diag_result *result)
{
	_Alignas(struct nlmsghdr) static uint8_t buffer[ANSWER_SIZE];
	struct answer_message message;
	size_t seen = 0;

	while (seen < count) {
		const uint8_t *data = buffer;
		ssize_t n = receive(diag, buffer);
		size_t left = n > 0 ? (size_t)n : 0;

		if (n < 0)
			return false;
		while (answer_next(&data, &left, &message)) {
			if (message.sequence - first >= count || message.kind != ANSWER_RESULT)
				continue;
			seen++;
			if (!count_result(message.error, result))
				return false;
		}
	}
	return true;
}

bool diag_destroy(struct diag *diag, const struct snapshot_entry *entries, size_t count,
                  struct diag_result *result)
{
	struct destruction batch[DIAG_BATCH];
	struct iovec part = { batch, count * sizeof(batch[0]) };
	const uint32_t first = diag->sequence + 1;

	for (size_t i = 0; i < count; i++)
		prepare(&batch[i], &entries[i], ++diag->sequence);
	return send_all(diag, &part, 1) && collect(diag, first, count, result);
}
