#include "reset/link.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/printable.h"
#include "base/timer.h"
#include "net/seqpacket.h"

#define GREETING_MS 5000u /* a unit that is started on demand takes some tens of them */
#define WHY_MAX 320u
/* Replies in one turn of the loop; the rest wait for the next one. */
#define REPLIES_MAX 32u

struct link {
	struct link_events events;
	char *path;
	int fd; /* -1: none */
	struct event *readable;
	struct event *deadline; /* of the greeting; then, at once, of a connection that failed */
	bool ready;
	uint32_t rate;
	int error; /* of connect() */
};

static void end(struct link *link, const char *format, const char *text)
{
	char why[WHY_MAX];

	link->ready = false;
	event_del(link->deadline);
	if (link->readable)
		event_del(link->readable);
	snprintf(why, sizeof(why), format, text);
	link->events.ended(link->events.arg, why);
}

/* --- packets ---------------------------------------------------------------------------------- */

/* Returns false if the link has ended: it may have been freed. */
static bool greet(struct link *link, const struct shunt_reset_reply *reply)
{
	if (reply->kind == SHUNT_RESET_READY) {
		link->ready = true;
		link->rate = reply->rate;
		event_del(link->deadline);
		link->events.ready(link->events.arg);
		return true;
	}
	end(link, "shunt-reset refuses: %s", reply->text);
	return false;
}

static bool take(struct link *link, struct shunt_reset_reply *reply, size_t size)
{
	char text[SHUNT_RESET_TEXT_MAX];

	if (size != sizeof(*reply) || reply->version != SHUNT_RESET_VERSION) {
		end(link, "%s",
		    "shunt-reset is of another release; restart shuntd and shunt-reset.socket");
		return false;
	}
	reply->text[sizeof(reply->text) - 1] = '\0';
	printable_clean(text, sizeof(text), reply->text);
	memcpy(reply->text, text, sizeof(text));
	if (!link->ready || reply->job == 0)
		return greet(link, reply);
	link->events.reply(link->events.arg, reply);
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	struct shunt_reset_reply reply;

	(void)what;
	for (unsigned i = 0; i < REPLIES_MAX; i++) {
		ssize_t n = seqpacket_read(fd, &reply, sizeof(reply));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			end(link, "shunt-reset has ended%s", n < 0 ? ": the connection broke" : "");
			return;
		}
		if (!take(link, &reply, (size_t)n))
			return;
	}
}

bool link_send(const struct link *link, const struct shunt_reset_request *request)
{
	return send(link->fd, request, sizeof(*request), MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)sizeof(*request);
}

bool link_is_ready(const struct link *link)
{
	return link->ready;
}

uint32_t link_rate(const struct link *link)
{
	return link->rate ? link->rate : 1;
}

void link_set_ended(struct link *link, void (*ended)(void *arg, const char *why))
{
	link->events.ended = ended;
}

/* --- connecting ------------------------------------------------------------------------------- */

static void say_absent(struct link *link)
{
	char text[WHY_MAX];

	if (link->error == ENOENT || link->error == ECONNREFUSED)
		snprintf(text, sizeof(text),
		         "nobody listens at %s; systemctl enable --now shunt-reset.socket",
		         link->path);
	else
		snprintf(text, sizeof(text), "cannot connect to %s: %s", link->path,
		         strerror(link->error));
	end(link, "%s", text);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	(void)fd;
	(void)what;
	if (link->error)
		say_absent(link);
	else
		end(link, "%s", "shunt-reset does not answer");
}

struct link *link_new(struct event_base *base, const char *path, const struct link_events *events)
{
	struct link *link = memory_calloc(1, sizeof(*link));

	link->events = *events;
	link->path = memory_strdup(path);
	link->deadline = evtimer_new(base, on_deadline, link);
	link->fd = seqpacket_connect(path);
	link->error = link->fd < 0 ? errno : 0;
	if (link->fd >= 0)
		link->readable = event_new(base, link->fd, EV_READ | EV_PERSIST, on_readable, link);
	if (!link->deadline || (link->fd >= 0 && !link->readable) ||
	    (link->readable && event_add(link->readable, NULL) < 0))
		log_fatal("out of memory");
	timer_arm(link->deadline, link->fd >= 0 ? GREETING_MS : 0);
	return link;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	event_free(link->deadline);
	if (link->readable)
		event_free(link->readable);
	if (link->fd >= 0)
		close(link->fd);
	free(link->path);
	free(link);
}
