/*
 * What comes from the kernel's sock_diag(7) socket, as shunt-reset reads it; for libFuzzer and for the
 * replay in tests/unit/fuzz.
 *
 * Input: the family of the peer, a number of connections to reset, then packets: their size in two
 * bytes, a byte that is odd for one from another process, and so many bytes. The first request has the
 * sequence number 1.
 */
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <sys/socket.h>

#include "tests/fuzz/bytes.h"

static struct bytes packets; /* not received yet */
static size_t foreign;       /* bytes of connections in packets of other processes */

static ssize_t stand_in_receive(int fd, struct msghdr *message, int flags);

static ssize_t stand_in_send(int fd, const struct msghdr *message, int flags)
{
	(void)fd;
	(void)flags;
	HOLDS(message->msg_iovlen == 1 && message->msg_iov[0].iov_len > 0);
	return (ssize_t)message->msg_iov[0].iov_len;
}

/* NOLINTBEGIN(bugprone-suspicious-include) */
#define recvmsg stand_in_receive
#define sendmsg stand_in_send
#include "helper/reset/answer.c"
#define take take_list
#include "helper/reset/diag.c"
#undef take
#undef recvmsg
#undef sendmsg
/* NOLINTEND(bugprone-suspicious-include) */

#define EXCEPT 1000u

/* Behind what was received is nothing that may be read. */
static ssize_t stand_in_receive(int fd, struct msghdr *message, int flags)
{
	uint8_t *buffer = message->msg_iov[0].iov_base;
	size_t size = bytes_number(&packets);
	struct sockaddr_nl *sender = message->msg_name;

	(void)fd;
	(void)flags;
	size |= (size_t)bytes_number(&packets) << 8;
	sender->nl_pid = bytes_number(&packets) % 2 * 4711;
	errno = EAGAIN;
	if (packets.size == 0)
		return -1;
	size = size < packets.size ? size : packets.size;
	ASAN_UNPOISON_MEMORY_REGION(buffer, ANSWER_SIZE);
	memcpy(buffer, packets.data, size);
	ASAN_POISON_MEMORY_REGION(buffer + size, ANSWER_SIZE - size);
	packets.data += size;
	packets.size -= size;
	message->msg_flags = 0;
	foreign += sender->nl_pid ? size : 0;
	return (ssize_t)size;
}

static void check_list(const struct snapshot *list, size_t received)
{
	HOLDS(list->count <= list->room && list->count + list->kept == list->total);
	HOLDS(list->total * (NLMSG_HDRLEN + sizeof(struct inet_diag_msg)) <= received - foreign);
}

/* What diag_find() reads, one message after another: each is whole, and the rest gets shorter. */
static void read_messages(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + NLMSG_ALIGNTO);
	const uint8_t *at = copy;
	size_t left = size, before = size;
	struct answer_message message;

	HOLDS(copy);
	memcpy(copy, data, size);
	ASAN_POISON_MEMORY_REGION(copy + size, NLMSG_ALIGNTO);
	while (answer_next(&at, &left, &message)) {
		HOLDS(left < before && at == copy + (size - left));
		HOLDS(message.error >= 0 && message.error <= 4095);
		HOLDS(message.kind == ANSWER_SOCKET || !message.is_mptcp);
		before = left;
	}
	ASAN_UNPOISON_MEMORY_REGION(copy + size, NLMSG_ALIGNTO);
	free(copy);
}

static void reset_some(struct diag *diag, const struct snapshot *list, size_t wanted)
{
	struct diag_result result = { 0 };
	const size_t count = wanted < list->count ? wanted : list->count;

	if (count > 0 && diag_destroy(diag, list->entries, count, &result))
		HOLDS(result.reset + result.gone + result.kept == count);
	HOLDS(result.reset + result.gone + result.kept <= count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ports[] = { 80, 443 };
	struct address peer = { .family = SHUNT_FAMILY_IPV4 };
	const struct diag_peer wanted = { &peer, ports, 2 };
	struct diag diag = { .fd = -1, .except = EXCEPT };
	struct snapshot list = { .entries = NULL };
	size_t count;

	packets = (struct bytes){ data, size };
	foreign = 0;
	if (bytes_number(&packets) % 2)
		peer = (struct address){ .family = SHUNT_FAMILY_IPV6, .scope_id = 2 };
	count = bytes_number(&packets) % (DIAG_BATCH + 1);
	if (packets.size > 3)
		read_messages(packets.data + 3, packets.size - 3);
	diag_find(&diag, &wanted, &list);
	check_list(&list, size);
	reset_some(&diag, &list, count);
	snapshot_free(&list);
	return 0;
}
