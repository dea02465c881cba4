#include "reset/filter.h"

#include <linux/inet_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "shunt/table.h"

/*
 * The kernel accepts where the program ends exactly, and rejects where a jump leads beyond it. So
 * "this port, or that one" is
 *
 *     condition   yes: to the jump   no: behind it, to the next condition
 *     jump                           to the end
 *     condition   yes: to the end    no: beyond it
 *
 * and each condition's way of failing leads to a place that the way of passing also visits, which
 * the kernel checks.
 */
#define OPERATION sizeof(struct inet_diag_bc_op)

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
	return (uint8_t *)memcpy(at, bytes, size) + size;
}

size_t filter_make(const struct address *peer, const uint16_t *ports, size_t count,
                   uint32_t program[FILTER_MAX / 4])
{
	const int is_ipv4 = peer->family == SHUNT_FAMILY_IPV4;
	const size_t bytes = is_ipv4 ? 4 : 16;
	const size_t part_size = OPERATION + sizeof(struct inet_diag_hostcond) + bytes;
	const size_t total = count * (part_size + OPERATION) - OPERATION;
	uint8_t *at = (uint8_t *)program;

	for (size_t i = 0; i < count; i++) {
		const struct inet_diag_bc_op test = {
			.code = INET_DIAG_BC_D_COND,
			.yes = (unsigned char)part_size,
			.no = (unsigned short)(part_size + OPERATION),
		};
		const struct inet_diag_hostcond condition = {
			.family = is_ipv4 ? AF_INET : AF_INET6,
			.prefix_len = (__u8)(8 * bytes),
			.port = ports[i],
		};
		struct inet_diag_bc_op jump = { .code = INET_DIAG_BC_JMP, .yes = OPERATION };

		at = put(at, &test, OPERATION);
		at = put(at, &condition, sizeof(condition));
		at = put(at, peer->byte, bytes);
		if (i + 1 == count)
			break;
		jump.no = (unsigned short)(total - (size_t)(at - (uint8_t *)program));
		at = put(at, &jump, OPERATION);
	}
	return total;
}
