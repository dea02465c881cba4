#include "publish/clients.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "publish/client.h"

#define WAITING_MAX 256u /* maximum of connections of one uid beyond those with a welcome */
#define TOTAL_PART 4     /* clients get this fraction of RLIMIT_NOFILE: 1/4 */
#define TOTAL_MIN 32u
#define TOTAL_MAX 65536u
#define TOTAL_UNLIMITED 4096u /* if RLIMIT_NOFILE has no limit */
#define ACCEPTS_A_TURN 64     /* connections accepted in one iteration of the loop */

struct clients {
	struct client_shared shared;
	struct log_throttle crowded;
};

static void warn_crowd(struct clients *clients, const struct client_user *user)
{
	if (!log_throttle_pass(&clients->crowded, clock_ms()))
		return;
	log_warning("the client socket turns connections away: %u are open, %u of them by uid %u",
	            clients->shared.places.taken, user->place.places, (unsigned)user->place.uid);
}

/* The user of the person with the most connections, of those that have waiting ones; or NULL. */
static const struct client_user *most_crowded(const struct clients *clients)
{
	const struct client_user *user, *most = NULL;

	TAILQ_FOREACH (user, &clients->shared.crowded, crowded_link)
		if (!most || user->place.person->places > most->place.person->places)
			most = user;
	return most;
}

/*
 * Makes room for a uid that has no connection yet: the newest waiting one of the person with the
 * most is closed. Connections with a welcome cannot be closed: while it is unread, its descriptor
 * stays charged to us. Returns false if no connection may be closed.
 */
static bool make_room(struct clients *clients, const struct client_user *user)
{
	const struct client_user *most = most_crowded(clients);

	if (!most || !places_may_displace(&user->place, &most->place))
		return false;
	client_refuse(TAILQ_LAST(&most->waiting, client_list), CLIENTS_CROWD);
	return true;
}

static bool has_room(struct clients *clients, const struct client_user *user)
{
	if (places_have_room(&clients->shared.places, &user->place))
		return true;
	if (user->place.places == 0 && make_room(clients, user))
		return true;
	warn_crowd(clients, user);
	clients->shared.counts.refusals[CLIENTS_CROWD]++;
	return false;
}

static void on_accepted(void *arg, const struct acceptor_connection *connection)
{
	struct clients *clients = arg;
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);
	struct client_user *user;

	getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	user = client_user(&clients->shared, peer.uid);
	if (user && has_room(clients, user) &&
	    client_start(&clients->shared, user, connection->fd, connection->guest))
		return;
	if (user)
		places_forget(&user->place);
	close(connection->fd);
	if (connection->guest)
		acceptor_guest_left(&clients->shared.acceptor);
}

static unsigned total_max(void)
{
	struct rlimit limit;
	rlim_t part;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return TOTAL_UNLIMITED;
	part = limit.rlim_cur / TOTAL_PART;
	if (part > TOTAL_MAX)
		part = TOTAL_MAX;
	return part > TOTAL_MIN ? (unsigned)part : TOTAL_MIN;
}

static unsigned at_most(unsigned value, unsigned limit)
{
	return value < limit ? value : limit;
}

/* The last quarter of the places is kept for root, and one uid never gets more than half. */
static struct places_rule rule_for(unsigned total)
{
	return (struct places_rule){
		.total = total,
		.kept = total - total / 4 * 3,
		.each = at_most(CLIENT_HELD_MAX + WAITING_MAX, total / 2),
		.each_trusted = at_most(CLIENT_HELD_MAX_ROOT + WAITING_MAX, total / 2),
		.user_size = sizeof(struct client_user),
		.subuid = SUBUID_FILE,
	};
}

int clients_reserve(void)
{
	return acceptor_reserve();
}

struct clients *clients_new(struct event_base *base, int fd, int reserve, clients_table *table,
                            void *arg)
{
	struct clients *clients = memory_calloc(1, sizeof(*clients));
	struct client_shared *shared = &clients->shared;
	const struct places_rule rule = rule_for(total_max());
	const struct acceptor_owner owner = {
		.accepted = on_accepted,
		.arg = clients,
		.accepts = ACCEPTS_A_TURN,
	};

	shared->base = base;
	shared->table = table;
	shared->arg = arg;
	places_init(&shared->places, &rule);
	TAILQ_INIT(&shared->all);
	TAILQ_INIT(&shared->crowded);
	if (!acceptor_start(&shared->acceptor, &owner, base, fd, true, reserve))
		log_fatal("the loop takes no event for the client socket");
	return clients;
}

const struct clients_counts *clients_counts(const struct clients *clients)
{
	return &clients->shared.counts;
}

void clients_free(struct clients *clients)
{
	struct client *client;

	if (!clients)
		return;
	while ((client = TAILQ_FIRST(&clients->shared.all)))
		client_free(client);
	acceptor_end(&clients->shared.acceptor);
	places_free(&clients->shared.places);
	free(clients);
}
