/* The kernel's program, run by an interpreter as the kernel has it (net/ipv4/inet_diag.c). */
#include "reset/filter.h"

#include <linux/inet_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/support/unit.h"

#include "shunt/table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct peer {
	int family; /* of the socket */
	struct address address;
	uint16_t port;
};

static bool holds(const uint8_t *operation, const struct peer *peer)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct inet_diag_hostcond condition;
	const uint8_t *byte = operation + sizeof(struct inet_diag_bc_op) + sizeof(condition);

	memcpy(&condition, operation + sizeof(struct inet_diag_bc_op), sizeof(condition));
	if (condition.port != -1 && condition.port != peer->port)
		return false;
	if (condition.family == peer->family)
		return memcmp(byte, peer->address.byte, condition.prefix_len / 8) == 0;
	return condition.family == AF_INET && peer->family == AF_INET6 &&
	       memcmp(peer->address.byte, mapped, sizeof(mapped)) == 0 &&
	       memcmp(peer->address.byte + 12, byte, condition.prefix_len / 8) == 0;
}

static bool accepts(const uint32_t *program, size_t length, const struct peer *peer)
{
	const uint8_t *at = (const uint8_t *)program;
	long left = (long)length;

	while (left > 0) {
		struct inet_diag_bc_op operation;
		size_t step;

		memcpy(&operation, at, sizeof(operation));
		if (operation.code == INET_DIAG_BC_JMP)
			step = operation.no;
		else
			step = holds(at, peer) ? operation.yes : operation.no;
		assert_true(step >= 4 && step % 4 == 0);
		at += step;
		left -= (long)step;
	}
	assert_true(left == 0 || left == -4);
	return left == 0;
}

/* The kernel's audit: every way of failing leads to where the ways of passing also lead, or out. */
static void audit(const uint32_t *program, size_t length)
{
	bool visited[FILTER_MAX + 8] = { false };
	struct inet_diag_bc_op operation;

	for (size_t at = 0; at < length; at += operation.yes) {
		visited[at] = true;
		memcpy(&operation, (const uint8_t *)program + at, sizeof(operation));
		assert_true(operation.yes >= 4 && operation.yes % 4 == 0);
		if (operation.code == INET_DIAG_BC_D_COND)
			assert_true(operation.yes >
			            sizeof(operation) + sizeof(struct inet_diag_hostcond));
	}
	visited[length] = visited[length + 4] = true;
	for (size_t at = 0; at < length; at += operation.yes) {
		memcpy(&operation, (const uint8_t *)program + at, sizeof(operation));
		assert_true(visited[at + operation.no]);
	}
}

static struct address address_of(const char *text)
{
	struct address address;

	assert_true(address_parse(text, &address));
	return address;
}

static void matches_exactly_the_peers(void **state)
{
	uint16_t ports[SHUNT_RESET_PORTS_MAX];
	uint32_t program[FILTER_MAX / 4];
	static const struct {
		const char *filter, *peer;
		int family;
		bool is;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", AF_INET, true },
		{ "192.0.2.1", "192.0.2.2", AF_INET, false },
		{ "192.0.2.1", "::ffff:192.0.2.1", AF_INET6, true },
		{ "192.0.2.1", "::ffff:192.0.2.2", AF_INET6, false },
		{ "192.0.2.1", "::192.0.2.1", AF_INET6, false },
		{ "192.0.2.1", "2001:db8::1", AF_INET6, false },
		{ "2001:db8::1", "2001:db8::1", AF_INET6, true },
		{ "2001:db8::1", "2001:db8::2", AF_INET6, false },
		{ "2001:db8::1", "32.1.13.184", AF_INET, false },
	};

	(void)state;
	for (size_t count = 1; count <= SHUNT_RESET_PORTS_MAX; count++) {
		ports[count - 1] = (uint16_t)(count == 2 ? 65535 : 100 * count);
		for (size_t i = 0; i < COUNT(rows); i++) {
			struct address filter = address_of(rows[i].filter);
			struct peer peer = { rows[i].family, address_of(rows[i].peer), 0 };
			size_t length = filter_make(&filter, ports, count, program);

			assert_true(length <= FILTER_MAX);
			audit(program, length);
			for (size_t k = 0; k < count; k++) {
				peer.port = ports[k];
				assert_int_equal(accepts(program, length, &peer), rows[i].is);
				peer.port = (uint16_t)(ports[k] + 1);
				assert_false(accepts(program, length, &peer));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(matches_exactly_the_peers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
