#include "door/helper.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "net/seqpacket.h"

#define RETRY_MIN_MS 100u /* doubles with each failure */
#define RETRY_MAX_MS 10000u
#define ALIVE_MS 2000u  /* something is sent at least so often: the helper waits for it */
#define REPLIES_MAX 64u /* in one turn of the loop */
#define WAITING_MAX (4u * SHUNT_DOOR_ENTRIES_MAX / SHUNT_DOOR_CHANGES_MAX)

struct packet {
	TAILQ_ENTRY(packet) next;
	struct shunt_door_request request;
};

struct helper {
	struct event_base *base;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const struct helper_owner *owner;
	int fd;              /* -1: none */
	struct event *read;  /* while connected */
	struct event *write; /* the same; pending while the helper is busy */
	struct event *retry; /* while not connected */
	struct event *alive; /* while connected */
	TAILQ_HEAD(, packet) waiting;
	size_t waiting_count;
	unsigned retry_ms;
};

/* --- connecting ------------------------------------------------------------------------------- */

static void drop_waiting(struct helper *helper)
{
	struct packet *packet;

	while ((packet = TAILQ_FIRST(&helper->waiting)) != NULL) {
		TAILQ_REMOVE(&helper->waiting, packet, next);
		free(packet);
	}
	helper->waiting_count = 0;
}

static void disconnect(struct helper *helper)
{
	if (helper->read)
		event_free(helper->read);
	if (helper->write)
		event_free(helper->write);
	if (helper->fd >= 0)
		close(helper->fd);
	helper->read = helper->write = NULL;
	helper->fd = -1;
	event_del(helper->alive);
	drop_waiting(helper);
}

static void lose(struct helper *helper, const char *why)
{
	disconnect(helper);
	timer_arm(helper->retry, helper->retry_ms);
	if (helper->retry_ms < RETRY_MAX_MS)
		helper->retry_ms *= 2;
	helper->owner->lost(helper->owner->arg, why);
}

static void on_read(evutil_socket_t fd, short what, void *arg);
static void on_write(evutil_socket_t fd, short what, void *arg);

static void try_connect(struct helper *helper)
{
	char why[160];

	helper->fd = seqpacket_connect(helper->path);
	if (helper->fd < 0) {
		snprintf(why, sizeof(why), "%.107s: %s", helper->path, strerror(errno));
		lose(helper, why);
		return;
	}
	helper->read = event_new(helper->base, helper->fd, EV_READ | EV_PERSIST, on_read, helper);
	helper->write = event_new(helper->base, helper->fd, EV_WRITE, on_write, helper);
	if (!helper->read || !helper->write || event_add(helper->read, NULL) != 0)
		log_fatal("out of memory");
	timer_arm(helper->alive, ALIVE_MS);
	helper->owner->connected(helper->owner->arg);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	try_connect(arg);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_sound(const struct shunt_door_reply *reply, ssize_t length)
{
	return length == sizeof(*reply) && reply->version == SHUNT_DOOR_VERSION &&
	       memchr(reply->cgroup, 0, sizeof(reply->cgroup)) &&
	       memchr(reply->text, 0, sizeof(reply->text));
}

/* A connection that works ends the long intervals. */
static void tell(struct helper *helper, const struct shunt_door_reply *reply)
{
	if (*reply->cgroup)
		helper->retry_ms = RETRY_MIN_MS;
	helper->owner->told(helper->owner->arg, reply);
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct helper *helper = arg;
	struct shunt_door_reply reply;
	ssize_t length;

	(void)what;
	for (unsigned i = 0; i < REPLIES_MAX && helper->fd == (int)fd; i++) {
		length = seqpacket_read((int)fd, &reply, sizeof(reply));
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (length <= 0)
			lose(helper, "the helper closed the connection");
		else if (!is_sound(&reply, length))
			lose(helper, "the helper is of another release; restart both");
		else
			tell(helper, &reply);
	}
}

/* --- writing ---------------------------------------------------------------------------------- */

static void pump(struct helper *helper)
{
	struct packet *packet;

	while ((packet = TAILQ_FIRST(&helper->waiting)) != NULL) {
		if (send(helper->fd, &packet->request, sizeof(packet->request),
		         MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
			if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
				event_add(helper->write, NULL);
			/* else: that it is lost shows when it is read from */
			return;
		}
		TAILQ_REMOVE(&helper->waiting, packet, next);
		helper->waiting_count--;
		free(packet);
	}
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

static void send_packet(struct helper *helper, uint32_t type,
                        const struct shunt_door_change *changes, size_t count)
{
	struct packet *packet;

	if (helper->fd < 0)
		return;
	if (helper->waiting_count == WAITING_MAX) {
		lose(helper, "the helper takes nothing any more");
		return;
	}
	packet = memory_calloc(1, sizeof(*packet));
	packet->request = (struct shunt_door_request){ .version = SHUNT_DOOR_VERSION,
		                                       .type = type,
		                                       .count = (uint32_t)count };
	if (count > 0)
		memcpy(packet->request.changes, changes, count * sizeof(*changes));
	TAILQ_INSERT_TAIL(&helper->waiting, packet, next);
	helper->waiting_count++;
	pump(helper);
}

/* Nothing is queued behind what the helper does not take: it is not forgotten yet. */
static void on_alive(evutil_socket_t fd, short what, void *arg)
{
	struct helper *helper = arg;

	(void)fd;
	(void)what;
	if (TAILQ_EMPTY(&helper->waiting))
		send_packet(helper, SHUNT_DOOR_CHANGES, NULL, 0);
	timer_arm(helper->alive, ALIVE_MS);
}

void helper_begin(struct helper *helper)
{
	send_packet(helper, SHUNT_DOOR_BEGIN, NULL, 0);
}

void helper_change(struct helper *helper, const struct shunt_door_change *changes, size_t count)
{
	for (size_t done = 0; done < count; done += SHUNT_DOOR_CHANGES_MAX) {
		size_t rest = count - done;

		send_packet(helper, SHUNT_DOOR_CHANGES, changes + done,
		            rest < SHUNT_DOOR_CHANGES_MAX ? rest : SHUNT_DOOR_CHANGES_MAX);
	}
}

void helper_commit(struct helper *helper)
{
	send_packet(helper, SHUNT_DOOR_COMMIT, NULL, 0);
}

/* --- start and end ---------------------------------------------------------------------------- */

struct helper *helper_new(struct event_base *base, const struct helper_owner *owner)
{
	struct helper *helper = memory_calloc(1, sizeof(*helper));

	*helper = (struct helper){ .base = base, .owner = owner, .fd = -1 };
	TAILQ_INIT(&helper->waiting);
	helper->retry = evtimer_new(base, on_retry, helper);
	helper->alive = evtimer_new(base, on_alive, helper);
	if (!helper->retry || !helper->alive)
		log_fatal("out of memory");
	return helper;
}

void helper_open(struct helper *helper, const char *path)
{
	if (helper->fd >= 0 && strcmp(helper->path, path) == 0)
		return;
	helper_close(helper);
	snprintf(helper->path, sizeof(helper->path), "%s", path);
	helper->retry_ms = RETRY_MIN_MS;
	try_connect(helper);
}

void helper_close(struct helper *helper)
{
	disconnect(helper);
	event_del(helper->retry);
}

void helper_free(struct helper *helper)
{
	helper_close(helper);
	event_free(helper->retry);
	event_free(helper->alive);
	free(helper);
}

bool helper_is_connected(const struct helper *helper)
{
	return helper->fd >= 0;
}
