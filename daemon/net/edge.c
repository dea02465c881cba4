#include "net/edge.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Events taken from the kernel at a time; further ones are taken in the loop's next iteration. */
#define EVENTS_MAX 128
#define OWNERS_MIN 256u

/* Of a descriptor. `number` distinguishes the sockets that have had it, for events of former ones. */
struct owner {
	edge_ready *ready; /* NULL: nobody */
	void *arg;
	uint32_t number;
};

struct spares {
	int fds[EDGE_SPARES_MAX];
	unsigned count;
};

struct edge_set {
	struct event event;
	int epoll;
	struct owner *owners; /* by descriptor */
	size_t room;
	uint32_t numbers;
	bool is_delivering;
	unsigned spares_max;
	struct spares ipv4, ipv6;
};

static uint64_t label(int fd, uint32_t number)
{
	return (uint64_t)number << 32 | (uint32_t)fd;
}

static void deliver(struct edge_set *set, const struct epoll_event *event)
{
	int fd = (int)(event->data.u64 & UINT32_MAX);
	struct owner owner = set->owners[fd];

	if (owner.ready && label(fd, owner.number) == event->data.u64)
		owner.ready(owner.arg, fd, event->events);
}

static void set_ready(evutil_socket_t fd, short what, void *arg)
{
	struct epoll_event events[EVENTS_MAX];
	struct edge_set *set = arg;
	int count = epoll_wait(fd, events, EVENTS_MAX, 0);

	(void)what;
	set->is_delivering = true;
	for (int i = 0; i < count; i++)
		deliver(set, &events[i]);
	set->is_delivering = false;
}

struct edge_set *edge_set_new(struct event_base *base)
{
	struct edge_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (set->epoll >= 0) {
		event_assign(&set->event, base, set->epoll, EV_READ | EV_PERSIST, set_ready, set);
		if (event_add(&set->event, NULL) == 0)
			return set;
		close(set->epoll);
	}
	free(set);
	return NULL;
}

static void close_all(struct spares *spares)
{
	while (spares->count > 0)
		close(spares->fds[--spares->count]);
}

void edge_set_free(struct edge_set *set)
{
	if (!set)
		return;
	event_del(&set->event);
	close_all(&set->ipv4);
	close_all(&set->ipv6);
	close(set->epoll);
	free(set->owners);
	free(set);
}

/* Descriptors are small numbers, bounded by this process's limit. */
static bool make_room(struct edge_set *set, size_t wanted)
{
	size_t room = set->room ? set->room : OWNERS_MIN;
	struct owner *owners;

	if (wanted <= set->room)
		return true;
	while (room < wanted)
		room *= 2;
	owners = reallocarray(set->owners, room, sizeof(*owners));
	if (!owners)
		return false;
	memset(owners + set->room, 0, (room - set->room) * sizeof(*owners));
	set->owners = owners;
	set->room = room;
	return true;
}

bool edge_add(struct edge_set *set, int fd, edge_ready *ready, void *arg)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	uint32_t number = ++set->numbers;

	event.data.u64 = label(fd, number);
	if (!make_room(set, (size_t)fd + 1)) {
		errno = ENOMEM;
		return false;
	}
	if (epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return false;
	set->owners[fd] = (struct owner){ .ready = ready, .arg = arg, .number = number };
	return true;
}

void edge_pass(struct edge_set *set, int fd, edge_ready *ready, void *arg)
{
	set->owners[fd].ready = ready;
	set->owners[fd].arg = arg;
}

void edge_forget(struct edge_set *set, int fd)
{
	set->owners[fd].ready = NULL;
}

void edge_remove(struct edge_set *set, int fd)
{
	edge_forget(set, fd);
	epoll_ctl(set->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static struct spares *spares_of(struct edge_set *set, int family)
{
	return family == AF_INET ? &set->ipv4 : &set->ipv6;
}

void edge_spare_limit(struct edge_set *set, unsigned count)
{
	set->spares_max = count < EDGE_SPARES_MAX ? count : EDGE_SPARES_MAX;
}

/* For TCP this is a reset; what has not been read is discarded. */
static bool disconnect(int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	return connect(fd, &none, sizeof(none)) == 0;
}

void edge_recycle(struct edge_set *set, int fd, int family)
{
	struct spares *spares = spares_of(set, family);

	edge_forget(set, fd);
	if (family && spares->count < set->spares_max && disconnect(fd))
		spares->fds[spares->count++] = fd;
	else
		close(fd);
}

int edge_take(struct edge_set *set, int family)
{
	struct spares *spares = spares_of(set, family);

	return spares->count > 0 && !set->is_delivering ? spares->fds[--spares->count] : -1;
}
