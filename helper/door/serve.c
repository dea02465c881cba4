#include "door/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "door/answers.h"
#include "door/gates.h"
#include "door/place.h"
#include "serve/allow.h"
#include "serve/caller.h"
#include "serve/entry.h"
#include "serve/packet.h"

#define TICK_MS 1000
#define SILENCE_MS 10000u /* a daemon that says nothing for so long is gone; it should each 2 s */
#define IDLE_MS 10000u    /* without doors and daemon; then the process ends */
#define PACKETS_MAX 64    /* in one turn */

struct serve {
	const struct serve_options *options;
	struct allow *allow; /* NULL: none read yet */
	size_t hint;         /* for allow_lead() */
	struct gates gates;
	struct answers answers;
	int connection; /* -1: none */
	struct caller caller;
	bool begun;        /* the connection's first request was SHUNT_DOOR_BEGIN, and a good one */
	bool committed;    /* and its answers were */
	uint64_t heard_ms; /* the daemon's last packet, or its connect() */
	uint64_t held_ms;  /* what it last said of all answers, and was accepted */
};

/* --- the daemon's connection ------------------------------------------------------------------ */

static void leave(struct serve *serve)
{
	if (serve->connection >= 0)
		close(serve->connection);
	serve->connection = -1;
	serve->begun = serve->committed = false;
	answers_drop(&serve->answers);
}

/* A daemon that is gone may have said before that no door is left: it is read to its end. */
static void reply(void *arg, const struct shunt_door_reply *reply)
{
	struct serve *serve = arg;

	if (serve->connection >= 0 && !packet_write(serve->connection, reply, sizeof(*reply)) &&
	    errno != EPIPE && errno != ECONNRESET)
		leave(serve);
}

/* The last word of a connection: of all doors, and why. */
static void refuse(struct serve *serve, const char *why)
{
	struct shunt_door_reply last = { .version = SHUNT_DOOR_VERSION,
		                         .state = SHUNT_DOOR_REFUSED };

	log_warning("%s (uid %u, pid %d)", why, (unsigned)serve->caller.uid,
	            (int)serve->caller.pid);
	snprintf(last.text, sizeof(last.text), "%s", why);
	reply(serve, &last);
	leave(serve);
}

/* Reads the configuration again. Without a good one the doors stay as they are. */
static void begin(struct serve *serve)
{
	char error[CONFIG_ERROR_MAX] = "out of memory";
	struct allow *allow = allow_load(serve->options->file, error);

	if (!allow || !answers_begin(&serve->answers) ||
	    !gates_configure(&serve->gates, allow, serve->caller.pid)) {
		refuse(serve, error);
		allow_free(allow);
		return;
	}
	allow_free(serve->allow);
	serve->allow = allow;
	serve->hint = 0;
	serve->begun = true;
	gates_tell(&serve->gates, true, reply, serve);
}

/* Ending a lead harms nobody; making one is held to the configuration. */
static bool may_be(struct serve *serve, const struct shunt_door_change *change)
{
	struct address from, to;

	place_address(&change->from, &from);
	place_address(&change->to, &to);
	return change->from.port == change->to.port && !change->from.zero && !change->to.zero &&
	       from.family == to.family &&
	       (address_compare(&from, &to) == 0 ||
	        allow_lead(serve->allow, &from, &to, ntohs(change->from.port), &serve->hint));
}

static const char *take_one(struct serve *serve, const struct shunt_door_change *change)
{
	if (!may_be(serve, change))
		return "the configuration has no record with such addresses and such a port; "
		       "reload shuntd after a change";
	if (!serve->gates.kernel || answers_take(&serve->answers, serve->gates.kernel, change))
		return NULL;
	return errno == E2BIG ? "more than 65536 addresses and ports lead elsewhere"
	                      : strerror(errno);
}

/* All that was said has been accepted, and is in force. */
static void hold(struct serve *serve)
{
	serve->committed = true;
	serve->held_ms = clock_ms();
}

static void take(struct serve *serve, const struct shunt_door_request *request)
{
	for (uint32_t i = 0; i < request->count; i++) {
		const char *why = take_one(serve, &request->changes[i]);

		if (why) {
			refuse(serve, why);
			return;
		}
	}
	if (serve->committed)
		hold(serve);
}

static void commit(struct serve *serve)
{
	if (serve->gates.kernel && !answers_commit(&serve->answers, serve->gates.kernel))
		refuse(serve, strerror(errno));
	else
		hold(serve);
}

/* Doors that are opened have their time from now on; open ones keep theirs. */
static void begin_anew(struct serve *serve)
{
	if (serve->gates.count == 0)
		serve->held_ms = clock_ms();
	begin(serve);
}

static void handle(struct serve *serve, const struct shunt_door_request *request)
{
	serve->heard_ms = clock_ms();
	if (request->version != SHUNT_DOOR_VERSION || request->count > SHUNT_DOOR_CHANGES_MAX)
		refuse(serve, "shuntd is of another release; restart both");
	else if (request->type == SHUNT_DOOR_BEGIN)
		begin_anew(serve);
	else if (request->type == SHUNT_DOOR_CHANGES && serve->begun)
		take(serve, request);
	else if (request->type == SHUNT_DOOR_COMMIT && serve->begun)
		commit(serve);
	else
		refuse(serve, "shuntd asks for something that is unknown here");
}

static void read_packets(struct serve *serve)
{
	struct shunt_door_request request;

	for (int i = 0; i < PACKETS_MAX && serve->connection >= 0; i++) {
		switch (packet_read(serve->connection, &request, sizeof(request))) {
		case PACKET_READ: handle(serve, &request); break;
		case PACKET_WRONG: refuse(serve, "a packet of another size"); break;
		case PACKET_END: leave(serve); break;
		case PACKET_NONE: return;
		}
	}
}

static void accept_daemon(struct serve *serve)
{
	serve->connection = entry_accept(serve->options->listening);
	if (serve->connection < 0)
		return;
	serve->heard_ms = clock_ms();
	if (!caller_may_ask(serve->connection, serve->options->daemon, &serve->caller))
		refuse(serve, "only shuntd's user and root may ask");
}

/* It would keep the next daemon waiting; what it said last counts for stale_limit. */
static void give_up_mute(struct serve *serve)
{
	if (serve->connection >= 0 && clock_ms() - serve->heard_ms > SILENCE_MS)
		refuse(serve, "shuntd has said nothing for ten seconds");
}

/* --- the loop --------------------------------------------------------------------------------- */

/* What the daemon said last, and was accepted, counts for stale_limit after it is gone. */
static bool is_stale(const struct serve *serve)
{
	const uint64_t silent_ms = clock_ms() - serve->held_ms;

	if (serve->connection >= 0)
		return silent_ms > SILENCE_MS + allow_stale_limit(serve->allow);
	return silent_ms > allow_stale_limit(serve->allow);
}

static void close_doors(struct serve *serve)
{
	log_warning("shuntd is gone for stale_limit: its doors are closed");
	leave(serve);
	gates_free(&serve->gates);
	if (!gates_init(&serve->gates))
		log_warning("inotify: %s", strerror(errno));
}

static bool is_idle(const struct serve *serve)
{
	return serve->connection < 0 && serve->gates.count == 0 && !serve->options->stay &&
	       clock_ms() - serve->heard_ms > IDLE_MS;
}

static void turn(struct serve *serve)
{
	/* One daemon at a time: the next one waits to be accepted. poll() ignores -1. */
	struct pollfd waiting[] = {
		{ serve->connection < 0 ? serve->options->listening : -1, POLLIN, 0 },
		{ serve->connection, POLLIN, 0 },
		{ gates_fd(&serve->gates), POLLIN, 0 },
	};

	poll(waiting, sizeof(waiting) / sizeof(waiting[0]), TICK_MS);
	if (waiting[0].revents)
		accept_daemon(serve);
	if (waiting[1].revents)
		read_packets(serve);
	give_up_mute(serve);
	gates_look(&serve->gates);
	if (serve->connection >= 0)
		gates_tell(&serve->gates, false, reply, serve);
	if (serve->gates.count > 0 && is_stale(serve))
		close_doors(serve);
}

int serve_run(const struct serve_options *options)
{
	struct serve serve = { .options = options, .connection = -1, .heard_ms = clock_ms() };

	if (!gates_init(&serve.gates)) {
		log_warning("inotify: %s", strerror(errno));
		return 1;
	}
	while (!is_idle(&serve))
		turn(&serve);
	gates_free(&serve.gates);
	allow_free(serve.allow);
	return 0;
}
