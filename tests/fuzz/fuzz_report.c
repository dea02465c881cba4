/*
 * Datagrams at the report socket, for libFuzzer and for the replay in tests/unit/fuzz: what the library
 * sends when a connect() has failed, and anybody can send.
 *
 * Input: a byte for the number of descriptors that come along, then the datagram. No descriptor may
 * leak, and what is taken for a report must be one.
 */
#include <string.h>
#include <unistd.h>

#include "daemon/publish/reports.c" /* NOLINT(bugprone-suspicious-include) */
#include "tests/fuzz/descriptors.h"
#include "tests/fuzz/target.h"

struct datagram {
	const uint8_t *bytes;
	size_t size;
	bool taken;
};

/* Independent implementation of the rules in protocol.h. */
static bool check_failure(void *arg, const struct reports_failure *failure)
{
	struct datagram *datagram = arg;
	uint32_t words[11];

	HOLDS(!datagram->taken && datagram->size >= sizeof(words) &&
	      datagram->size <= SHUNT_REPORT_MAX);
	memcpy(words, datagram->bytes, sizeof(words));
	HOLDS(words[0] == SHUNT_REPORT_MAGIC && words[3] >= 1 && words[3] <= 65535);
	HOLDS(words[10] >= 1 && words[10] <= SHUNT_NAME_MAX);
	HOLDS(words[1] >= sizeof(words) && (uint64_t)words[1] + words[10] == datagram->size);
	HOLDS(memcmp(failure->name, datagram->bytes + words[1], words[10]) == 0);
	HOLDS(failure->name[words[10]] == '\0');
	HOLDS(words[4] == SHUNT_FAMILY_IPV4 || words[4] == SHUNT_FAMILY_IPV6);
	HOLDS(failure->address.family == words[4] && failure->address.scope_id == words[9]);
	datagram->taken = true;
	return true;
}

/* The bytes alone, where a read past their end is detected. */
static void read_alone(const struct datagram *datagram)
{
	struct datagram alone = { .size = datagram->size };
	struct reports_failure failure;
	uint8_t *copy = malloc(datagram->size ? datagram->size : 1);

	HOLDS(copy);
	if (datagram->size)
		memcpy(copy, datagram->bytes, datagram->size);
	alone.bytes = copy;
	if (reports_read(copy, datagram->size, &failure))
		check_failure(&alone, &failure);
	HOLDS(alone.taken == datagram->taken);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct datagram datagram = { .bytes = data + 1, .size = size ? size - 1 : 0 };
	struct reports reports = { .taken = check_failure, .arg = &datagram };
	const uint64_t before = open_numbers();
	const int on = 1;
	int pair[2];

	if (size < 1)
		return 0;
	HOLDS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	HOLDS(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
	reports.fd = pair[1];
	send_message(pair[0], datagram.bytes, datagram.size, data[0] % (DESCRIPTORS_MAX + 1));
	HOLDS(receive(&reports) && !receive(&reports));
	HOLDS(reports.counts.probed + reports.counts.invalid == 1);
	HOLDS(datagram.taken == (reports.counts.probed == 1));
	HOLDS(reports.allowance.uids[0].uid == getuid());
	close(pair[0]);
	close(pair[1]);
	HOLDS(open_numbers() == before);
	read_alone(&datagram);
	return 0;
}
