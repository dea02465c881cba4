/* What the kernel answers, and what it never would: nothing is read beyond what was received. */
#include "reset/answer.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SOCKET_SIZE (NLMSG_HDRLEN + sizeof(struct inet_diag_msg))

/* Messages one after another. */
struct text {
	_Alignas(struct nlmsghdr) uint8_t byte[2048];
	size_t size;
};

static void put(struct text *text, uint16_t type, uint32_t sequence, const void *body, size_t size)
{
	struct nlmsghdr head = { .nlmsg_type = type,
		                 .nlmsg_seq = sequence,
		                 .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size) };

	memcpy(text->byte + text->size, &head, sizeof(head));
	memcpy(text->byte + text->size + NLMSG_HDRLEN, body, size);
	text->size += NLMSG_ALIGN(head.nlmsg_len);
}

static void put_socket(struct text *text, uint32_t inode, const char *ulp)
{
	struct {
		struct inet_diag_msg message;
		struct nlattr other;
		uint32_t value;
		struct nlattr ulp, name;
		char text[8];
	} body = { .message = { .idiag_family = 2, .idiag_inode = inode },
		   .other = { 8, INET_DIAG_SHUTDOWN },
		   .ulp = { 16, INET_DIAG_ULP_INFO | NLA_F_NESTED },
		   .name = { 12, 1 } };

	if (ulp)
		snprintf(body.text, sizeof(body.text), "%s", ulp);
	put(text, SOCK_DIAG_BY_FAMILY, 7, &body, ulp ? sizeof(body) : sizeof(body.message));
}

static void put_result(struct text *text, uint16_t type, int code)
{
	put(text, type, 7, &code, sizeof(code));
}

static void messages_follow_each_other(void **state)
{
	struct text text = { .size = 0 };
	const uint8_t *data = text.byte;
	struct answer_message message;
	size_t left;

	(void)state;
	put_socket(&text, 41, NULL);
	put(&text, NLMSG_NOOP, 7, "", 0);
	put_socket(&text, 42, "mptcp");
	put_socket(&text, 43, "tls");
	put_socket(&text, 44, "mptcp2");
	put_result(&text, NLMSG_ERROR, -3);
	put_result(&text, NLMSG_ERROR, 0);
	put_result(&text, NLMSG_DONE, 0);
	left = text.size;
	for (uint32_t inode = 41; inode <= 44; inode++) {
		assert_true(answer_next(&data, &left, &message));
		assert_int_equal(message.kind, ANSWER_SOCKET);
		assert_int_equal(message.sequence, 7);
		assert_int_equal(message.socket.idiag_inode, inode);
		assert_int_equal(message.is_mptcp, inode == 42);
	}
	assert_true(answer_next(&data, &left, &message));
	assert_int_equal(message.kind, ANSWER_RESULT);
	assert_int_equal(message.error, 3);
	assert_true(answer_next(&data, &left, &message));
	assert_int_equal(message.error, 0);
	assert_true(answer_next(&data, &left, &message));
	assert_int_equal(message.kind, ANSWER_END);
	assert_false(answer_next(&data, &left, &message));
}

/* Reads a copy that ends where the memory does, so that a sanitizer sees a byte too many. */
static unsigned read_all(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	const uint8_t *data = copy;
	struct answer_message message;
	unsigned count = 0;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	while (answer_next(&data, &size, &message))
		count++;
	free(copy);
	return count;
}

static void every_cut_is_held(void **state)
{
	struct text text = { .size = 0 };

	(void)state;
	put_socket(&text, 1, "mptcp");
	put_result(&text, NLMSG_DONE, 0);
	assert_int_equal(read_all(text.byte, text.size), 2);
	for (size_t size = 0; size < text.size; size++)
		assert_true(read_all(text.byte, size) < 2);
}

static void every_length_is_held(void **state)
{
	struct text text = { .size = 0 };

	(void)state;
	put_socket(&text, 1, "mptcp");
	put_result(&text, NLMSG_DONE, 0);
	for (size_t at = 0; at + 4 <= text.size; at += 2) {
		static const uint32_t values[] = { 0,  1,      3,      4,          15,
			                           17, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff };

		for (size_t i = 0; i < COUNT(values); i++) {
			struct text damaged = text;

			memcpy(damaged.byte + at, &values[i], 4);
			read_all(damaged.byte, damaged.size);
		}
	}
}

static void what_is_no_errno_is_damaged(void **state)
{
	static const int codes[] = { 1, -4096, -2147483647 };
	struct answer_message message;

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		struct text text = { .size = 0 };
		const uint8_t *data = text.byte;
		size_t left;

		put_result(&text, NLMSG_ERROR, codes[i]);
		left = text.size;
		assert_false(answer_next(&data, &left, &message));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_follow_each_other),
		cmocka_unit_test(every_cut_is_held),
		cmocka_unit_test(every_length_is_held),
		cmocka_unit_test(what_is_no_errno_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
