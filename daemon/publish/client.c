#include "publish/client.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timer.h"

#include "shunt/protocol.h"

/* Time limit of a connection on the reserve descriptor: no client waits longer than this. */
#define GUEST_MS 100

/* Retry interval if the kernel cannot pass another descriptor at the moment. */
#define SEND_AGAIN_MS 20
#define SEND_TRIES 10

static void serve_waiting(struct client_user *user);

/* --- users ------------------------------------------------------------------------------------ */

struct client_user *client_user(struct client_shared *shared, uid_t uid)
{
	struct place_user *place = places_user(&shared->places, uid, uid == 0, clock_ms());
	struct client_user *user = (struct client_user *)place;

	if (user && !user->waiting.tqh_last)
		TAILQ_INIT(&user->waiting);
	return user;
}

static unsigned held_max(const struct client_user *user)
{
	return user->place.trusted ? CLIENT_HELD_MAX_ROOT : CLIENT_HELD_MAX;
}

static void wait_in_line(struct client *client)
{
	struct client_user *user = client->user;

	if (TAILQ_EMPTY(&user->waiting))
		TAILQ_INSERT_TAIL(&client->shared->crowded, user, crowded_link);
	TAILQ_INSERT_TAIL(&user->waiting, client, waiting_link);
}

static void leave_line(struct client *client)
{
	struct client_user *user = client->user;

	TAILQ_REMOVE(&user->waiting, client, waiting_link);
	if (TAILQ_EMPTY(&user->waiting))
		TAILQ_REMOVE(&client->shared->crowded, user, crowded_link);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void set_stage(struct client *client, enum clients_stage stage)
{
	unsigned *stages = client->shared->counts.stages;

	stages[client->stage]--;
	stages[stage]++;
	client->stage = stage;
}

/* Always returns false, for the caller to close the connection. */
static bool refuse(struct client *client, enum clients_refusal why)
{
	client->shared->counts.refusals[why]++;
	return false;
}

/* Leaves the place of the connection to the caller. */
static void client_end(struct client *client)
{
	struct client_shared *shared = client->shared;
	struct client_user *user = client->user;

	event_del(&client->event);
	close(client->fd);
	if (client->guest)
		acceptor_guest_left(&shared->acceptor);
	if (client->stage == CLIENTS_HELD || client->stage == CLIENTS_SENDING)
		user->held--;
	if (client->stage == CLIENTS_WAITING)
		leave_line(client);
	TAILQ_REMOVE(&shared->all, client, link);
	shared->counts.stages[client->stage]--;
	free(client);
}

static void client_leave(struct client *client)
{
	struct client_shared *shared = client->shared;
	struct client_user *user = client->user;

	client_end(client);
	serve_waiting(user);
	places_leave(&shared->places, &user->place);
}

void client_refuse(struct client *client, enum clients_refusal why)
{
	refuse(client, why);
	client_leave(client);
}

void client_free(struct client *client)
{
	struct client_shared *shared = client->shared;
	struct place_user *place = &client->user->place;

	client_end(client);
	places_leave(&shared->places, place);
}

/* --- the welcome ------------------------------------------------------------------------------ */

static bool send_welcome(const struct client *client)
{
	bool settled = false;
	int table = client->shared->table(client->shared->arg, &settled);

	return welcome_send(&client->welcome, client->fd, table, settled);
}

/* Returns false if the connection must be closed. */
static bool client_welcome(struct client *client)
{
	if (client->stage != CLIENTS_SENDING)
		client->user->held++;
	set_stage(client, CLIENTS_SENDING);
	if (send_welcome(client)) {
		set_stage(client, CLIENTS_HELD);
		if (client->welcome.status == SHUNT_STATUS_OK)
			client->shared->counts.attaches++;
		else
			refuse(client, CLIENTS_VERSION);
		if (!client->guest)
			event_remove_timer(&client->event);
		return true;
	}
	if (!welcome_error_is_temporary(errno) || ++client->tries > SEND_TRIES)
		return refuse(client, CLIENTS_UNSENT);
	return timer_try(&client->event, SEND_AGAIN_MS);
}

/*
 * Called when a connection has closed. One that cannot be served is closed too, so the loop
 * terminates. The user has the place of the closed one until it returns.
 */
static void serve_waiting(struct client_user *user)
{
	struct client *client;

	while (user->held < held_max(user) && (client = TAILQ_FIRST(&user->waiting))) {
		leave_line(client);
		set_stage(client, CLIENTS_NEW);
		if (!client_welcome(client))
			client_free(client);
	}
}

/* --- messages from clients -------------------------------------------------------------------- */

/* Returns false if the connection must be closed. */
static bool client_hello(struct client *client, const void *data, size_t size)
{
	struct client_user *user = client->user;

	if (!welcome_take_hello(&client->welcome, data, size))
		return refuse(client, CLIENTS_RUBBISH);
	if (user->held < held_max(user) && TAILQ_EMPTY(&user->waiting))
		return client_welcome(client);
	if (client->guest)
		return refuse(client, CLIENTS_CROWD);
	set_stage(client, CLIENTS_WAITING);
	wait_in_line(client);
	event_remove_timer(&client->event);
	return true;
}

/*
 * Returns false if the connection must be closed. Data after the welcome, and a shutdown of one or
 * both directions, end it only if the welcome was read: until then the descriptor in it stays
 * charged to us even if we close, so such a connection keeps its place until the client has closed
 * it. (A close with the welcome unread is reported as ECONNRESET; a close after it was read leaves
 * nothing unread.)
 */
static bool client_read(struct client *client)
{
	unsigned char data[SHUNT_MESSAGE_MAX];
	ssize_t got;

	/* Without a control buffer, the kernel closes descriptors that a client sends. */
	do
		got = recv(client->fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN;
	if (got > 0 && client->stage == CLIENTS_NEW)
		return client_hello(client, data, (size_t)got);
	return client->stage == CLIENTS_HELD && welcome_is_unread(client->fd);
}

static bool client_timeout(struct client *client)
{
	if (client->stage == CLIENTS_NEW)
		return refuse(client, CLIENTS_SILENCE);
	return client->stage == CLIENTS_SENDING && !client->guest && client_welcome(client);
}

static void on_client(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	bool stays = true;

	(void)fd;
	if (what & EV_READ)
		stays = client_read(client);
	else if (what & EV_TIMEOUT)
		stays = client_timeout(client);
	if (!stays)
		client_leave(client);
}

/* --- the start -------------------------------------------------------------------------------- */

/*
 * The event is edge-triggered, because a held connection that was shut down on one side stays
 * readable.
 */
static bool client_listen(struct client *client)
{
	event_assign(&client->event, client->shared->base, client->fd, EV_READ | EV_PERSIST | EV_ET,
	             on_client, client);
	return timer_try(&client->event, client->guest ? GUEST_MS : SHUNT_HELLO_MS) &&
	       client_read(client);
}

bool client_start(struct client_shared *shared, struct client_user *user, int fd, bool guest)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return false;
	client->shared = shared;
	client->user = user;
	client->fd = fd;
	client->guest = guest;
	places_take(&shared->places, &user->place);
	TAILQ_INSERT_TAIL(&shared->all, client, link);
	shared->counts.stages[client->stage]++;
	if (!client_listen(client))
		client_leave(client);
	return true;
}
