#include "publish/clients.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"

#include "shunt/protocol.h"
#include "shunt/table.h"

#define HELD_MAX 64        /* maximum of connections of one uid with a welcome */
#define HELD_MAX_ROOT 1024 /* the same for uid 0 */
#define WAITING_MAX 256    /* maximum of other connections of one uid; more are closed at once */
#define TOTAL_PART 4       /* clients get this fraction of RLIMIT_NOFILE: 1/4 */
#define TOTAL_MIN 32
#define SHARE_PART 16     /* once half of the places are taken, one uid gets 1/16 of those left */
#define ACCEPTS_A_TURN 64 /* connections accepted in one iteration of the loop */

#define PAUSE_MS 100 /* pause of accept() after it failed for lack of resources */
/* Time limit of a connection on the reserve descriptor: no client waits longer than this. */
#define GUEST_MS 100

/*
 * Retry interval if the kernel cannot pass another descriptor at the moment (ETOOMANYREFS, ENOBUFS,
 * …).
 */
#define SEND_AGAIN_MS 20
#define SEND_TRIES 10

struct user {
	SLIST_ENTRY(user) link;
	uid_t uid;
	unsigned connections; /* all its connections */
	unsigned held;        /* those with a welcome */
	TAILQ_HEAD(waiting_list, client) waiting;
};

struct client {
	TAILQ_ENTRY(client) link;
	TAILQ_ENTRY(client) waiting_link;
	struct clients *clients;
	struct user *user;
	struct event event;
	enum clients_stage stage;
	uint32_t nonce;
	uint8_t status; /* the SHUNT_STATUS_ that the welcome will carry */
	uint8_t tries;
	bool guest; /* it uses the reserve descriptor */
	int fd;
};

struct clients {
	struct event_base *base;
	int fd;
	int reserve; /* -1: used by a guest, or could not be opened */
	bool guest;  /* a guest is connected */
	clients_table *table;
	void *arg;
	struct event accept;
	struct event resume;
	struct clients_counts counts;
	unsigned total;
	unsigned total_max; /* the last quarter of it is reserved for root */
	struct log_throttle crowded;
	SLIST_HEAD(, user) users;
	TAILQ_HEAD(, client) all;
};

/* --- users ------------------------------------------------------------------------------------ */

/* Returns NULL if out of memory. */
static struct user *find_user(struct clients *clients, uid_t uid)
{
	struct user *user;

	SLIST_FOREACH (user, &clients->users, link)
		if (user->uid == uid)
			return user;
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	user->uid = uid;
	TAILQ_INIT(&user->waiting);
	SLIST_INSERT_HEAD(&clients->users, user, link);
	return user;
}

static void drop_user(struct clients *clients, struct user *user)
{
	if (user->connections > 0)
		return;
	SLIST_REMOVE(&clients->users, user, user, link);
	free(user);
}

static unsigned held_max(const struct user *user)
{
	return user->uid == 0 ? HELD_MAX_ROOT : HELD_MAX;
}

/*
 * A single uid never gets all places. Once half of them are taken, the rest is shared out: the
 * fewer are left, the fewer additional ones one uid gets, and a uid without a connection gets one
 * as long as a place is left. So it takes many uids to use up all places (a user with subordinate
 * uids has many).
 */
static bool has_room(const struct clients *clients, const struct user *user)
{
	unsigned most = held_max(user) + WAITING_MAX;
	unsigned total = clients->total_max / 4 * 3, left;

	if (most > clients->total_max / 2)
		most = clients->total_max / 2;
	if (user->uid == 0)
		return user->connections < most && clients->total < clients->total_max;
	left = clients->total < total ? total - clients->total : 0;
	if (user->connections == 0 || left > total / 2)
		return left > 0 && user->connections < most;
	return user->connections < left / SHARE_PART;
}

static void warn_crowd(struct clients *clients, const struct user *user)
{
	if (!log_throttle_pass(&clients->crowded, clock_ms()))
		return;
	log_warning("the client socket turns connections away: %u are open, %u of them by uid %u",
	            clients->total, user->connections, (unsigned)user->uid);
}

/* --- a connection ----------------------------------------------------------------------------- */

static void serve_waiting(struct user *user);

int clients_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void guest_left(struct clients *clients)
{
	clients->guest = false;
	clients->reserve = clients_reserve();
	event_add(&clients->accept, NULL);
}

static void set_stage(struct client *client, enum clients_stage stage)
{
	unsigned *stages = client->clients->counts.stages;

	stages[client->stage]--;
	stages[stage]++;
	client->stage = stage;
}

/* Always returns false, for the caller to close the connection. */
static bool refuse(struct client *client, enum clients_refusal why)
{
	client->clients->counts.refusals[why]++;
	return false;
}

static void client_end(struct client *client)
{
	struct clients *clients = client->clients;
	struct user *user = client->user;

	event_del(&client->event);
	close(client->fd);
	if (client->guest)
		guest_left(clients);
	if (client->stage == CLIENTS_HELD || client->stage == CLIENTS_SENDING)
		user->held--;
	if (client->stage == CLIENTS_WAITING)
		TAILQ_REMOVE(&user->waiting, client, waiting_link);
	TAILQ_REMOVE(&clients->all, client, link);
	clients->counts.stages[client->stage]--;
	user->connections--;
	clients->total--;
	free(client);
}

/* Closes the connection, and serves the next one of its uid. */
static void client_leave(struct client *client)
{
	struct clients *clients = client->clients;
	struct user *user = client->user;

	client_end(client);
	serve_waiting(user);
	drop_user(clients, user);
}

/* `table` is -1 if no descriptor is sent. */
static ssize_t send_message(int fd, const struct shunt_welcome *welcome, int table)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec vector = { (void *)welcome, sizeof(*welcome) };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (table >= 0) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &table, sizeof(int));
	}
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Returns false with errno if it could not be sent. ENOENT: there is no table. */
static bool send_welcome(const struct client *client)
{
	struct clients *clients = client->clients;
	bool settled = false;
	int table = clients->table(clients->arg, &settled);
	struct shunt_welcome welcome = {
		.magic = SHUNT_WELCOME_MAGIC,
		.size = sizeof(welcome),
		.status = client->status,
		.nonce = client->nonce,
		.version = SHUNT_TABLE_VERSION,
		.flags = settled ? SHUNT_WELCOME_SETTLED : 0,
		.table_size = SHUNT_TABLE_SIZE,
	};

	if (table < 0) {
		errno = ENOENT;
		return false;
	}
	return send_message(client->fd, &welcome, client->status == SHUNT_STATUS_OK ? table : -1) >=
	       0;
}

/*
 * Whether the error is temporary: too many descriptors in flight, out of memory, or the client's
 * queue is full.
 */
static bool is_passing(int reason)
{
	return reason == ETOOMANYREFS || reason == EAGAIN || reason == ENOBUFS || reason == ENOMEM;
}

/* Returns false if the connection must be closed. */
static bool client_welcome(struct client *client)
{
	if (client->stage != CLIENTS_SENDING)
		client->user->held++;
	set_stage(client, CLIENTS_SENDING);
	if (send_welcome(client)) {
		set_stage(client, CLIENTS_HELD);
		if (client->status == SHUNT_STATUS_OK)
			client->clients->counts.attaches++;
		else
			refuse(client, CLIENTS_VERSION);
		if (!client->guest)
			event_remove_timer(&client->event);
		return true;
	}
	if (!is_passing(errno) || ++client->tries > SEND_TRIES)
		return refuse(client, CLIENTS_UNSENT);
	return timer_try(&client->event, SEND_AGAIN_MS);
}

/*
 * Called when a connection has closed. One that cannot be served is closed too, so the loop
 * terminates.
 */
static void serve_waiting(struct user *user)
{
	struct client *client;

	while (user->held < held_max(user) && (client = TAILQ_FIRST(&user->waiting))) {
		TAILQ_REMOVE(&user->waiting, client, waiting_link);
		set_stage(client, CLIENTS_NEW);
		if (!client_welcome(client))
			client_end(client);
	}
}

/* --- messages from clients -------------------------------------------------------------------- */

static bool take_hello(struct client *client, const void *data, size_t size)
{
	struct shunt_hello hello;

	if (size < sizeof(hello) || size > SHUNT_MESSAGE_MAX)
		return false;
	memcpy(&hello, data, sizeof(hello));
	if (hello.magic != SHUNT_HELLO_MAGIC || hello.size < sizeof(hello) || hello.size > size ||
	    hello.version_min > hello.version_max)
		return false;
	client->nonce = hello.nonce;
	client->status = SHUNT_STATUS_OK;
	if (hello.version_max < SHUNT_TABLE_VERSION_MIN || hello.version_min > SHUNT_TABLE_VERSION)
		client->status = SHUNT_STATUS_VERSION;
	return true;
}

/* Returns false if the connection must be closed. */
static bool client_hello(struct client *client, const void *data, size_t size)
{
	struct user *user = client->user;

	if (!take_hello(client, data, size))
		return refuse(client, CLIENTS_RUBBISH);
	if (user->held < held_max(user) && TAILQ_EMPTY(&user->waiting))
		return client_welcome(client);
	if (client->guest)
		return refuse(client, CLIENTS_CROWD);
	set_stage(client, CLIENTS_WAITING);
	TAILQ_INSERT_TAIL(&user->waiting, client, waiting_link);
	event_remove_timer(&client->event);
	return true;
}

/*
 * The client sent data after its welcome, or shut down one or both directions. While it has not
 * read the welcome, the descriptor in it stays charged to us even if we close: such a connection
 * keeps its place until the client has closed it. (A close with the welcome unread is reported as
 * ECONNRESET; a close after it was read leaves nothing unread.)
 */
static bool has_unread_welcome(const struct client *client)
{
	int unread = 0;

	return client->stage == CLIENTS_HELD && ioctl(client->fd, SIOCOUTQ, &unread) == 0 &&
	       unread > 0;
}

/* Returns false if the connection must be closed. */
static bool client_read(struct client *client)
{
	unsigned char data[SHUNT_MESSAGE_MAX];
	ssize_t got;

	/*
	 * Descriptors that a client sends are closed by the kernel, since no control buffer is
	 * given.
	 */
	do
		got = recv(client->fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN;
	if (got > 0 && client->stage == CLIENTS_NEW)
		return client_hello(client, data, (size_t)got);
	return has_unread_welcome(client);
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

/* --- accepting -------------------------------------------------------------------------------- */

/*
 * The event is edge-triggered, because a held connection that was shut down on one side stays
 * readable.
 */
static bool client_start(struct client *client)
{
	return timer_try(&client->event, client->guest ? GUEST_MS : SHUNT_HELLO_MS) &&
	       client_read(client);
}

/* Returns NULL if out of memory. */
static struct client *client_new(struct clients *clients, int fd, bool guest)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);
	struct client *client = calloc(1, sizeof(*client));

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	if (client)
		client->user = find_user(clients, peer.uid);
	if (!client || !client->user) {
		free(client);
		return NULL;
	}
	client->clients = clients;
	client->fd = fd;
	client->guest = guest;
	event_assign(&client->event, clients->base, fd, EV_READ | EV_PERSIST | EV_ET, on_client,
	             client);
	return client;
}

/*
 * Makes room for a uid that has no connection yet: of the uid with the most waiting connections,
 * the newest of those is closed. Connections with a welcome cannot be closed: while it is unread,
 * its descriptor stays charged to us. Returns false if no connection is waiting.
 */
static bool make_room(struct clients *clients)
{
	struct user *user, *most = NULL;
	struct client *client;

	SLIST_FOREACH (user, &clients->users, link) {
		if (!TAILQ_EMPTY(&user->waiting) &&
		    (!most || user->connections > most->connections))
			most = user;
	}
	if (!most)
		return false;
	client = TAILQ_LAST(&most->waiting, waiting_list);
	refuse(client, CLIENTS_CROWD);
	client_leave(client);
	return true;
}

static void client_enter(struct clients *clients, int fd, bool guest)
{
	struct client *client = client_new(clients, fd, guest);
	bool room;

	if (!client) {
		close(fd);
		if (guest)
			guest_left(clients);
		return;
	}
	room = has_room(clients, client->user) ||
	       (client->user->connections == 0 && make_room(clients));
	if (!room) {
		warn_crowd(clients, client->user);
		refuse(client, CLIENTS_CROWD);
	}
	clients->counts.stages[client->stage]++;
	clients->total++;
	client->user->connections++;
	TAILQ_INSERT_TAIL(&clients->all, client, link);
	if (!room || !client_start(client))
		client_leave(client);
}

static void pause_accept(struct clients *clients)
{
	event_del(&clients->accept);
	timer_try(&clients->resume, PAUSE_MS);
}

/*
 * Called when descriptors have run out. One client at a time is served on the reserve descriptor,
 * for GUEST_MS at most; after that the next one is accepted. Returns like accept4(), which reports
 * EMFILE even if no connection is waiting.
 */
static int accept_guest(struct clients *clients)
{
	int fd, reason;

	if (clients->reserve < 0)
		return -1;
	close(clients->reserve);
	clients->reserve = -1;
	fd = accept4(clients->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	reason = errno;
	if (fd < 0)
		clients->reserve = clients_reserve();
	errno = reason;
	return fd;
}

/* Returns false if there is nothing more to accept now. */
static bool accept_one(struct clients *clients)
{
	int fd = accept4(clients->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	bool guest = fd < 0 && (errno == EMFILE || errno == ENFILE);

	if (guest)
		fd = accept_guest(clients);
	if (fd >= 0) {
		clients->guest |= guest;
		client_enter(clients, fd, guest);
		return true;
	}
	if (errno == EAGAIN)
		return false;
	if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO)
		return true;
	pause_accept(clients);
	return false;
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct clients *clients = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < ACCEPTS_A_TURN; i++)
		if (!accept_one(clients))
			return;
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct clients *clients = arg;

	(void)fd;
	(void)what;
	if (clients->reserve < 0 && !clients->guest)
		clients->reserve = clients_reserve();
	event_add(&clients->accept, NULL);
}

static unsigned total_max(void)
{
	struct rlimit limit;
	rlim_t part;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return 4 * HELD_MAX_ROOT;
	part = limit.rlim_cur / TOTAL_PART;
	if (part > 64 * HELD_MAX_ROOT)
		part = 64 * HELD_MAX_ROOT;
	return part > TOTAL_MIN ? (unsigned)part : TOTAL_MIN;
}

struct clients *clients_new(struct event_base *base, int fd, int reserve, clients_table *table,
                            void *arg)
{
	struct clients *clients = memory_calloc(1, sizeof(*clients));

	clients->reserve = reserve;
	clients->base = base;
	clients->fd = fd;
	clients->table = table;
	clients->arg = arg;
	clients->total_max = total_max();
	SLIST_INIT(&clients->users);
	TAILQ_INIT(&clients->all);
	event_assign(&clients->accept, base, fd, EV_READ | EV_PERSIST, on_accept, clients);
	event_assign(&clients->resume, base, -1, 0, on_resume, clients);
	if (event_add(&clients->accept, NULL) < 0)
		log_fatal("the loop takes no event for the client socket");
	return clients;
}

const struct clients_counts *clients_counts(const struct clients *clients)
{
	return &clients->counts;
}

void clients_free(struct clients *clients)
{
	struct client *client;

	if (!clients)
		return;
	while ((client = TAILQ_FIRST(&clients->all))) {
		struct user *user = client->user;

		client_end(client);
		drop_user(clients, user);
	}
	event_del(&clients->accept);
	event_del(&clients->resume);
	if (clients->reserve >= 0)
		close(clients->reserve);
	free(clients);
}
