#include "net/drain.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

#define DRAIN_US (DRAIN_MS * UINT64_C(1000))

struct drained {
	struct event event;
	LIST_ENTRY(drained) link;
	struct drain *drain;
	uint64_t end_us;
	size_t left;
};

struct drain {
	struct event_base *base;
	LIST_HEAD(, drained) sockets;
	unsigned count;
};

enum state { STATE_OPEN, STATE_OVER };

/* Returns STATE_OVER if the peer has closed or has sent too much. */
static enum state read_on(int fd, size_t *left)
{
	ssize_t n;

	while (*left > 0) {
		/* With MSG_TRUNC, TCP discards the bytes without copying them. */
		n = recv(fd, NULL, *left, MSG_TRUNC | MSG_DONTWAIT);
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR) ? STATE_OPEN
			                                                    : STATE_OVER;
		*left -= (size_t)n;
	}
	return STATE_OVER;
}

static void close_orderly(int fd)
{
	const struct linger none = { .l_onoff = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
}

static void drained_free(struct drained *drained)
{
	event_del(&drained->event);
	LIST_REMOVE(drained, link);
	drained->drain->count--;
	free(drained);
}

static bool wait_on(struct drained *drained, uint64_t now_us)
{
	uint64_t left_us = drained->end_us - now_us;
	const struct timeval wait = { .tv_usec = (suseconds_t)left_us };

	return event_add(&drained->event, &wait) == 0;
}

static void ready(evutil_socket_t fd, short what, void *arg)
{
	struct drained *drained = arg;
	uint64_t now_us = clock_us();
	bool is_over = read_on(fd, &drained->left) == STATE_OVER;

	(void)what;
	if (!is_over && now_us < drained->end_us && wait_on(drained, now_us))
		return;
	drained_free(drained);
	if (is_over)
		close(fd);
	else
		close_orderly(fd);
}

void drain_socket(struct drain *drain, int fd)
{
	size_t left = DRAIN_BYTES;
	struct drained *drained;
	uint64_t now_us;

	if (read_on(fd, &left) == STATE_OVER || drain->count >= DRAIN_SOCKETS ||
	    !(drained = malloc(sizeof(*drained)))) {
		close(fd);
		return;
	}
	now_us = clock_us();
	*drained = (struct drained){ .drain = drain, .end_us = now_us + DRAIN_US, .left = left };
	event_assign(&drained->event, drain->base, fd, EV_READ, ready, drained);
	LIST_INSERT_HEAD(&drain->sockets, drained, link);
	drain->count++;
	if (wait_on(drained, now_us))
		return;
	drained_free(drained);
	close(fd);
}

struct drain *drain_new(struct event_base *base)
{
	struct drain *drain = calloc(1, sizeof(*drain));

	if (!drain)
		return NULL;
	drain->base = base;
	LIST_INIT(&drain->sockets);
	return drain;
}

void drain_free(struct drain *drain)
{
	if (!drain)
		return;
	while (!LIST_EMPTY(&drain->sockets)) {
		struct drained *drained = LIST_FIRST(&drain->sockets);
		int fd = event_get_fd(&drained->event);

		drained_free(drained);
		close(fd);
	}
	free(drain);
}
