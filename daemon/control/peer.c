#include "control/peer.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timer.h"

#define TCP_CONNECTIONS 64u
#define UNIX_CONNECTIONS 1024u
#define UID_CONNECTIONS 256u /* for one uid other than root and the daemon's own */
#define KEPT_CONNECTIONS 64u /* for root and the daemon's own uid only */
#define DESCRIPTOR_SHARE 4u  /* connections use at most a quarter of the descriptors */
#define DEADLINE_MS 30000u   /* for a request and its response together */
#define ACCEPTS 16u          /* in one iteration of the loop */
#define CUTS 64u             /* overdue connections shut down in one iteration */
#define CUT_PAUSE_MS 10u     /* before the next are */

static bool is_trusted(const struct peers *peers, uid_t uid)
{
	return peers->tcp || uid == 0 || uid == geteuid();
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
	places_leave(&peers->places, peer->place);
	free(peer);
	acceptor_go(&peers->acceptor);
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

/* Returns NULL if it may not have a place, or if out of memory. */
static struct peer *peer_new(struct peers *peers, uid_t uid)
{
	struct place_user *place =
	        places_user(&peers->places, uid, is_trusted(peers, uid), clock_ms());
	struct peer *peer;

	if (!place)
		return NULL;
	peer = places_have_room(&peers->places, place) ? calloc(1, sizeof(*peer)) : NULL;
	if (!peer) {
		places_forget(place);
		return NULL;
	}
	peer->place = place;
	places_take(&peers->places, place);
	return peer;
}

static struct peer *enter(struct peers *peers, int fd)
{
	struct ucred cred = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t size = sizeof(cred);
	struct peer *peer;

	if (!peers->tcp)
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size);
	peer = peer_new(peers, cred.uid);
	if (!peer)
		return NULL;
	peer->fd = fd;
	peer->cred = cred;
	peer->deadline_ms = clock_ms() + DEADLINE_MS;
	TAILQ_INSERT_TAIL(&peers->list, peer, link);
	if (peers->places.taken == peers->places.rule.total)
		acceptor_stop(&peers->acceptor);
	if (!event_pending(&peers->deadline, EV_TIMEOUT, NULL))
		timer_arm(&peers->deadline, DEADLINE_MS);
	return peer;
}

/* The peer is added first: take() looks it up at once. */
static void on_accepted(void *arg, const struct acceptor_connection *connection)
{
	struct peers *peers = arg;
	const struct sockaddr *address = (const struct sockaddr *)&connection->address;
	struct peer *peer;

	if (!enter(peers, connection->fd)) {
		close(connection->fd);
		return;
	}
	if (peers->take(peers->arg, connection->fd, address, connection->length))
		return;
	peer = peer_find(peers, connection->fd);
	if (peer)
		peer_strike(peers, peer);
}

static void on_turn(void *arg)
{
	struct peers *peers = arg;

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
			timer_arm(&peers->deadline,
			          peer->deadline_ms > now ? peer->deadline_ms - now : CUT_PAUSE_MS);
			break;
		}
		peer->cut = true;
		shutdown(peer->fd, SHUT_RDWR);
	}
	peers->turn(peers->arg);
}

static unsigned limit_for(bool tcp)
{
	struct rlimit descriptors;
	unsigned limit = tcp ? TCP_CONNECTIONS : UNIX_CONNECTIONS;

	if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 &&
	    descriptors.rlim_cur / DESCRIPTOR_SHARE < limit)
		limit = (unsigned)(descriptors.rlim_cur / DESCRIPTOR_SHARE);
	return limit ? limit : 1;
}

/* All peers over TCP are one trusted user. */
static struct places_rule rule_for(bool tcp)
{
	unsigned total = limit_for(tcp);

	return (struct places_rule){
		.total = total,
		.kept = KEPT_CONNECTIONS < total / 2 ? KEPT_CONNECTIONS : total / 2,
		.each = UID_CONNECTIONS,
		.each_trusted = total,
		.subuid = tcp ? NULL : SUBUID_FILE,
	};
}

unsigned peers_limit(const struct peers *peers)
{
	return peers->places.rule.total;
}

bool peers_start(struct peers *peers, struct event_base *base, int fd)
{
	const struct places_rule rule = rule_for(peers->tcp);
	const struct acceptor_owner owner = {
		.accepted = on_accepted,
		.turn = on_turn,
		.arg = peers,
		.name = peers->tcp ? "the control port" : "the control socket",
		.accepts = ACCEPTS,
	};

	TAILQ_INIT(&peers->list);
	places_init(&peers->places, &rule);
	event_assign(&peers->deadline, base, -1, 0, on_deadline, peers);
	return acceptor_start(&peers->acceptor, &owner, base, fd, false, -1);
}

void peers_free(struct peers *peers)
{
	acceptor_end(&peers->acceptor);
	if (event_initialized(&peers->deadline))
		event_del(&peers->deadline);
	places_free(&peers->places);
}
