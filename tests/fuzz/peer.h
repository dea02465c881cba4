/*
 * Code shared by the fuzz targets for what goes between shuntd and a helper: a socket pair whose one end
 * the side under test reads, and which side that is. A target includes this file once, and defines
 * ask_helper() and tell_daemon().
 *
 * Input: a byte, even for requests to the helper, odd for replies to the daemon; then packets.
 */
#ifndef SHUNT_FUZZ_PEER_H
#define SHUNT_FUZZ_PEER_H

#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/seqpacket.h"
#include "tests/fuzz/bytes.h"

static int peer_end = -1; /* of the socket that the side under test reads */

static void ask_helper(struct bytes *bytes);
static void tell_daemon(struct bytes *bytes);

static int open_pair(void)
{
	int pair[2];

	HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	peer_end = pair[0];
	return pair[1];
}

static void close_peer(void)
{
	if (peer_end >= 0)
		close(peer_end);
	peer_end = -1;
}

/* Where the daemon connects to. */
int seqpacket_connect(const char *path)
{
	(void)path;
	close_peer();
	return open_pair();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };

	log_set_level(LOG_LEVEL_ERROR);
	if (bytes_number(&bytes) % 2)
		tell_daemon(&bytes);
	else
		ask_helper(&bytes);
	return 0;
}

#endif
