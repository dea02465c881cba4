/*
 * Hostile replies to the shim's hello message, for libFuzzer and for the replay in
 * tests/unit/test_corpus_welcome.c.
 *
 * Input: a byte for the number of descriptors that are passed, then the message. Whatever arrives,
 * no descriptor may leak, and a table may be accepted only with a valid welcome.
 */
#include <string.h>

/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "shim/attach/attempt.c"
#include "shim/attach/welcome.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include "tests/fuzz/descriptors.h"
#include "tests/fuzz/target.h"

#define NONCE 0x1234u
#define MESSAGE_MAX 1024u

/* Not used to connect: the message arrives through a socket pair. */
bool settings_socket(char path[SETTINGS_SOCKET_MAX])
{
	path[0] = '\0';
	return false;
}

/* Independent implementation of the rules in protocol.h. */
static void check_taken(const uint8_t *bytes, size_t size, size_t descriptors)
{
	uint32_t words[7];

	HOLDS(descriptors == 1 && size >= sizeof(words) && size <= SHUNT_MESSAGE_MAX);
	memcpy(words, bytes, sizeof(words));
	HOLDS(words[0] == SHUNT_WELCOME_MAGIC && words[1] >= sizeof(words) && words[1] <= size);
	HOLDS(words[2] == SHUNT_STATUS_OK && words[3] == NONCE && words[4] == SHUNT_TABLE_VERSION);
	HOLDS(words[6] == SHUNT_TABLE_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t descriptors = size ? data[0] % (DESCRIPTORS_MAX + 1) : 0;
	uint64_t before = open_numbers();
	int pair[2], table = -1;
	bool settled = false;
	enum welcome_result result;

	if (size < 1 || size > MESSAGE_MAX)
		return 0;
	HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	send_message(pair[0], data + 1, size - 1, descriptors);
	close(pair[0]);
	attempt_start(tick_now());
	HOLDS(attempt_hold(pair[1]) == pair[1]);
	result = await_welcome(pair[1], NONCE, tick_ms() + 10000, &table, &settled);
	HOLDS(result == WELCOME_TABLE || result == WELCOME_ABSENT);
	if (result == WELCOME_TABLE) {
		HOLDS(table >= 0 && fcntl(table, F_GETFD) == FD_CLOEXEC);
		check_taken(data + 1, size - 1, descriptors);
	}
	attempt_end();
	HOLDS(open_numbers() == before);
	return 0;
}
