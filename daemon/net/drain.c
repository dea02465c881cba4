#include "net/drain.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timer.h"
#include "net/edge.h"

#define DRAIN_US (DRAIN_MS * UINT64_C(1000))

struct drained {
	TAILQ_ENTRY(drained) link;
	struct drain *drain;
	uint64_t end_us;
	size_t left;
	int fd, family;
};

struct drain {
	struct edge_set *edges;
	struct event timer;            /* armed for the first socket, if there is one */
	TAILQ_HEAD(, drained) sockets; /* by their ends */
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

static void close_orderly(struct edge_set *edges, int fd)
{
	const struct linger none = { .l_onoff = 0 };

	edge_forget(edges, fd);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
}

static void drained_free(struct drained *drained)
{
	struct drain *drain = drained->drain;

	TAILQ_REMOVE(&drain->sockets, drained, link);
	drain->count--;
	free(drained);
}

static void finish(struct drained *drained, enum state state)
{
	struct drained ended = *drained;

	drained_free(drained);
	if (state == STATE_OVER)
		edge_recycle(ended.drain->edges, ended.fd, ended.family);
	else
		close_orderly(ended.drain->edges, ended.fd);
}

static void ready(void *arg, int fd, uint32_t events)
{
	struct drained *drained = arg;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) ||
	    read_on(fd, &drained->left) == STATE_OVER)
		finish(drained, STATE_OVER);
}

/* A timer that cannot be armed ends all of them early. */
static void end_due(struct drain *drain, uint64_t now_us)
{
	struct drained *first;

	while ((first = TAILQ_FIRST(&drain->sockets))) {
		if (first->end_us > now_us && timer_try_us(&drain->timer, first->end_us - now_us))
			return;
		finish(first, read_on(first->fd, &first->left));
	}
}

static void timer_ran(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	end_due(arg, clock_us());
}

/* Returns NULL if the socket cannot wait. */
static struct drained *drained_new(struct drain *drain, int fd, int family, size_t left)
{
	struct drained *drained = drain->count < DRAIN_SOCKETS ? malloc(sizeof(*drained)) : NULL;
	uint64_t now_us = clock_us();
	bool is_first = TAILQ_EMPTY(&drain->sockets);

	if (!drained)
		return NULL;
	*drained = (struct drained){ .drain = drain,
		                     .end_us = now_us + DRAIN_US,
		                     .left = left,
		                     .fd = fd,
		                     .family = family };
	TAILQ_INSERT_TAIL(&drain->sockets, drained, link);
	drain->count++;
	if (!is_first || timer_try_us(&drain->timer, DRAIN_US))
		return drained;
	drained_free(drained);
	return NULL;
}

void drain_socket(struct drain *drain, int fd)
{
	size_t left = DRAIN_BYTES;
	struct drained *drained = NULL;

	if (read_on(fd, &left) == STATE_OPEN)
		drained = drained_new(drain, fd, 0, left);
	if (drained && edge_add(drain->edges, fd, ready, drained))
		return;
	if (drained)
		drained_free(drained);
	close(fd);
}

void drain_watched(struct drain *drain, int fd, int family)
{
	struct drained *drained = drained_new(drain, fd, family, DRAIN_BYTES);

	if (drained)
		edge_pass(drain->edges, fd, ready, drained);
	else
		edge_recycle(drain->edges, fd, family);
}

struct drain *drain_new(struct event_base *base, struct edge_set *edges)
{
	struct drain *drain = calloc(1, sizeof(*drain));

	if (!drain)
		return NULL;
	drain->edges = edges;
	TAILQ_INIT(&drain->sockets);
	evtimer_assign(&drain->timer, base, timer_ran, drain);
	return drain;
}

void drain_free(struct drain *drain)
{
	struct drained *drained;

	if (!drain)
		return;
	while ((drained = TAILQ_FIRST(&drain->sockets))) {
		edge_forget(drain->edges, drained->fd);
		close(drained->fd);
		drained_free(drained);
	}
	event_del(&drain->timer);
	free(drain);
}
