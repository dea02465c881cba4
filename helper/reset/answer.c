#include "reset/answer.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <string.h>

#include <netinet/tcp.h>

#define ULP_NAME 1u /* INET_ULP_INFO_NAME; the enum is younger than some headers */

struct attributes {
	const uint8_t *at;
	size_t left;
};

/* One attribute; false at the end, or where a length does not fit. `data` is not aligned. */
static bool next_attribute(struct attributes *list, uint16_t *type, struct attributes *data)
{
	struct rtattr head;
	size_t step;

	if (list->left < sizeof(head))
		return false;
	memcpy(&head, list->at, sizeof(head));
	if (head.rta_len < sizeof(head) || head.rta_len > list->left)
		return false;
	*type = head.rta_type & NLA_TYPE_MASK;
	*data = (struct attributes){ list->at + sizeof(head), head.rta_len - sizeof(head) };
	step = RTA_ALIGN((size_t)head.rta_len);
	step = step < list->left ? step : list->left;
	list->at += step;
	list->left -= step;
	return true;
}

static bool find(struct attributes list, uint16_t wanted, struct attributes *data)
{
	uint16_t type;

	while (next_attribute(&list, &type, data)) {
		if (type == wanted)
			return true;
	}
	return false;
}

static bool is_mptcp(struct attributes list)
{
	static const char name[] = "mptcp";
	struct attributes ulp, text;

	return find(list, INET_DIAG_ULP_INFO, &ulp) && find(ulp, ULP_NAME, &text) &&
	       text.left >= sizeof(name) - 1 && memcmp(text.at, name, sizeof(name) - 1) == 0 &&
	       (text.left == sizeof(name) - 1 || text.at[sizeof(name) - 1] == '\0');
}

static bool take_socket(const uint8_t *at, size_t size, struct answer_message *message)
{
	const size_t head = NLMSG_ALIGN(sizeof(message->socket));
	struct attributes list = { at + head, size > head ? size - head : 0 };

	if (size < sizeof(message->socket))
		return false;
	memcpy(&message->socket, at, sizeof(message->socket));
	message->kind = ANSWER_SOCKET;
	message->is_mptcp = list.left > 0 && is_mptcp(list);
	return true;
}

/* Both begin with an int: 0, or an errno with its sign changed. */
static bool take_result(const uint8_t *at, size_t size, int kind, struct answer_message *message)
{
	int code;

	if (size < sizeof(code))
		return false;
	memcpy(&code, at, sizeof(code));
	if (code > 0 || code < -4095)
		return false;
	message->kind = kind == NLMSG_DONE ? ANSWER_END : ANSWER_RESULT;
	message->error = -code;
	return true;
}

/* TCPDIAG_GETSOCK: as the request, see diag.c. */
static bool is_socket(const struct nlmsghdr *head)
{
	return head->nlmsg_type == SOCK_DIAG_BY_FAMILY || head->nlmsg_type == TCPDIAG_GETSOCK;
}

static bool take(const struct nlmsghdr *head, const uint8_t *at, struct answer_message *message)
{
	const size_t size = head->nlmsg_len - NLMSG_HDRLEN;

	message->sequence = head->nlmsg_seq;
	if (is_socket(head))
		return take_socket(at, size, message);
	return take_result(at, size, head->nlmsg_type, message);
}

bool answer_next(const uint8_t **data, size_t *left, struct answer_message *message)
{
	struct nlmsghdr head;
	const uint8_t *at;
	size_t step;

	while (*left >= sizeof(head)) {
		memcpy(&head, *data, sizeof(head));
		if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > *left)
			return false;
		at = *data + NLMSG_HDRLEN;
		step = NLMSG_ALIGN((size_t)head.nlmsg_len);
		step = step < *left ? step : *left;
		*data += step;
		*left -= step;
		*message = (struct answer_message){ .error = 0 };
		if (is_socket(&head) || head.nlmsg_type == NLMSG_DONE ||
		    head.nlmsg_type == NLMSG_ERROR)
			return take(&head, at, message);
	}
	return false;
}
