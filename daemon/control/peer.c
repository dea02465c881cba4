#include "control/peer.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"

#define TCP_CONNECTIONS 64u
#define UNIX_CONNECTIONS 1024u
#define UID_CONNECTIONS 256u /* for one uid other than root and the daemon's own */
#define OTHERS_RESERVE 64u   /* connections reserved for root and the daemon's own uid */
#define DESCRIPTOR_SHARE 4u  /* connections use at most a quarter of the descriptors */
#define DEADLINE_MS 30000u   /* for a request and its response together */
#define ACCEPTS 16u          /* in one iteration of the loop */
#define CUTS 64u             /* overdue connections shut down in one iteration */
#define CUT_PAUSE_MS 10u     /* before the next are */
#define RETRY_MS                                                                                   \
	100u /* until accept() is tried again after it failed for lack of memory or descriptors */

static size_t count_uid(const struct peers *peers, uid_t uid)
{
	const struct peer *peer;
	size_t count = 0;

	TAILQ_FOREACH (peer, &peers->list, link)
		count += peer->cred.uid == uid;
	return count;
}

static bool is_trusted(const struct peers *peers, uid_t uid)
{
	return peers->tcp || uid == 0 || uid == geteuid();
}

static bool uid_allowed(const struct peers *peers, uid_t uid)
{
	if (is_trusted(peers, uid))
		return true;
	return peers->count + OTHERS_RESERVE < peers->limit &&
	       count_uid(peers, uid) < UID_CONNECTIONS;
}

bool peer_is_trusted(const struct peers *peers, const struct peer *peer)
{
	return is_trusted(peers, peer->cred.uid);
}

void peer_stays(struct peer *peer)
{
	peer->stays = true;
}

void peer_strike(struct peers *peers, struct peer *peer)
{
	TAILQ_REMOVE(&peers->list, peer, link);
	free(peer);
	if (peers->count-- == peers->limit)
		event_add(peers->listening, NULL);
}

struct peer *peer_find(const struct peers *peers, int fd)
{
	struct peer *peer;

	TAILQ_FOREACH_REVERSE (peer, &peers->list, peer_list, link) {
		if (peer->fd == fd)
			break;
	}
	return peer;
}

static struct peer *enter(struct peers *peers, int fd)
{
	struct ucred cred = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t size = sizeof(cred);
	struct peer *peer;

	if (!peers->tcp)
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size);
	peer = uid_allowed(peers, cred.uid) ? calloc(1, sizeof(*peer)) : NULL;
	if (!peer)
		return NULL;
	peer->fd = fd;
	peer->cred = cred;
	peer->deadline_ms = clock_ms() + DEADLINE_MS;
	TAILQ_INSERT_TAIL(&peers->list, peer, link);
	if (++peers->count == peers->limit)
		event_del(peers->listening);
	if (!event_pending(peers->deadline, EV_TIMEOUT, NULL))
		timer_arm(peers->deadline, DEADLINE_MS);
	return peer;
}

/* The peer is added first: take() looks it up at once. */
static void take(struct peers *peers, int fd, const struct sockaddr *address, socklen_t length)
{
	struct peer *peer;

	if (!enter(peers, fd)) {
		close(fd);
		return;
	}
	if (peers->take(peers->arg, fd, address, length))
		return;
	peer = peer_find(peers, fd);
	if (peer)
		peer_strike(peers, peer);
}

/* accept() fails for lack of memory or descriptors: retrying at once would spin. */
static void pause_accepting(struct peers *peers, int error)
{
	event_del(peers->listening);
	timer_arm(peers->retry, RETRY_MS);
	if (!log_throttle_pass(&peers->warned, clock_ms()))
		return;
	log_warning("the control %s accepts no connections for now: %s",
	            peers->tcp ? "port" : "socket", strerror(error));
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct peers *peers = arg;

	(void)fd;
	(void)what;
	if (peers->count < peers->limit)
		event_add(peers->listening, NULL);
}

/* Errors that concern one connection, which is gone; accept(2) lists network errors among them. */
static bool accept_again(int error)
{
	return error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM &&
	       error != EINVAL && error != EBADF && error != ENOTSOCK;
}

static void on_connection(evutil_socket_t listening, short what, void *arg)
{
	struct peers *peers = arg;
	struct sockaddr_storage address;

	(void)what;
	for (unsigned i = 0; i < ACCEPTS && peers->count < peers->limit; i++) {
		socklen_t length = sizeof(address);
		int fd = accept4(listening, (struct sockaddr *)&address, &length,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take(peers, fd, (struct sockaddr *)&address, length);
		} else if (errno == EAGAIN) {
			break;
		} else if (!accept_again(errno)) {
			pause_accepting(peers, errno);
			break;
		}
	}
	peers->turn(peers->arg);
}

/* shutdown(), not close(): libmicrohttpd owns the descriptor, sees the end and closes it. */
static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct peers *peers = arg;
	struct peer *peer;
	uint64_t now = clock_ms();
	unsigned cuts = 0;

	(void)fd;
	(void)what;
	TAILQ_FOREACH (peer, &peers->list, link) {
		if (peer->cut || peer->stays)
			continue;
		if (peer->deadline_ms > now || cuts++ == CUTS) {
			timer_arm(peers->deadline,
			          peer->deadline_ms > now ? peer->deadline_ms - now : CUT_PAUSE_MS);
			break;
		}
		peer->cut = true;
		shutdown(peer->fd, SHUT_RDWR);
	}
	peers->turn(peers->arg);
}

size_t peer_limit(bool tcp)
{
	struct rlimit descriptors;
	size_t limit = tcp ? TCP_CONNECTIONS : UNIX_CONNECTIONS;

	if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 &&
	    descriptors.rlim_cur / DESCRIPTOR_SHARE < limit)
		limit = descriptors.rlim_cur / DESCRIPTOR_SHARE;
	return limit ? limit : 1;
}

bool peers_start(struct peers *peers, struct event_base *base, int fd)
{
	TAILQ_INIT(&peers->list);
	peers->limit = peer_limit(peers->tcp);
	peers->listening = event_new(base, fd, EV_READ | EV_PERSIST, on_connection, peers);
	peers->deadline = evtimer_new(base, on_deadline, peers);
	peers->retry = evtimer_new(base, on_retry, peers);
	return peers->listening && peers->deadline && peers->retry &&
	       event_add(peers->listening, NULL) == 0;
}

/* Called after every peer was removed. */
void peers_free(struct peers *peers)
{
	struct event *events[] = { peers->listening, peers->deadline, peers->retry };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
}
