#include "connection/watch.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "policy/burst.h"
#include "probe/kind/dial.h"
#include "probe/probe.h"

#define CHATTER_MAX 65536u    /* bytes that a peer may send on a connection before it is closed */
#define KEEPALIVE_PARTS 3000u /* ms of `timeout` for each second of the keepalive's times */

struct watcher {
	struct event_base *base;
	struct watch_counts counts;
	struct log_throttle crowded;
	unsigned room;
	unsigned open;   /* connections, or attempts to make one */
	unsigned bursts; /* under way */
};

struct watch {
	struct watching watching;
	struct burst burst;
	struct event io;    /* the connection's */
	struct event timer; /* for the next connection, and for the limit of an attempt */
	struct event step;  /* the burst's */
	struct watcher *all;
	struct probe *probe;
	const struct check *check;
	struct address address;
	unsigned needed;
	uint32_t received; /* bytes on this connection */
	int fd;            /* -1: none */
};

unsigned watcher_room(uint64_t descriptors)
{
	const uint64_t room = descriptors / WATCHER_SHARE;

	return room < UINT32_MAX ? (unsigned)room : UINT32_MAX;
}

struct watcher *watcher_new(struct event_base *base, unsigned room)
{
	struct watcher *watches = memory_calloc(1, sizeof(*watches));

	watches->base = base;
	watches->room = room;
	return watches;
}

void watcher_free(struct watcher *watches)
{
	free(watches);
}

const struct watch_counts *watcher_counts(const struct watcher *watches)
{
	return &watches->counts;
}

enum watching_phase watch_phase(const struct watch *watch)
{
	return watch->watching.phase;
}

/* Counted anew after each call of policy/watching. */
static void count_phase(struct watch *watch, enum watching_phase before)
{
	watch->all->counts.phases[before]--;
	watch->all->counts.phases[watch->watching.phase]++;
}

/* --- the burst -------------------------------------------------------------------------------- */

/* The loop's time may be that of a long iteration's begin. */
static void arm(struct event *timer, uint64_t delay_us)
{
	event_base_update_cache_time(event_get_base(timer));
	timer_arm_us(timer, delay_us);
}

static void step_later(struct watch *watch)
{
	arm(&watch->step, burst_delay_us(&watch->burst, watch->all->bursts));
}

static void step_ran(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;

	(void)fd;
	(void)what;
	if (!burst_step(&watch->burst)) {
		watch->all->bursts--;
		return;
	}
	probe_now(watch->probe);
	step_later(watch);
}

static void start_burst(struct watch *watch, bool single)
{
	watch->all->bursts += !watch->burst.active;
	burst_begin(&watch->burst, single, watch->needed);
	step_ran(-1, 0, watch);
}

static void stop_burst(struct watch *watch)
{
	watch->all->bursts -= watch->burst.active;
	burst_end(&watch->burst);
	event_del(&watch->step);
}

/* --- the connection --------------------------------------------------------------------------- */

static void open_when_due(struct watch *watch);

static void close_connection(struct watch *watch)
{
	event_del(&watch->timer);
	if (watch->fd < 0)
		return;
	event_del(&watch->io);
	close(watch->fd);
	watch->fd = -1;
	watch->all->open--;
}

/* Whatever ends a connection ends here. `why` is text for the log. */
static void end(struct watch *watch, enum watching_end how, const char *why)
{
	const enum watching_phase before = watch->watching.phase;
	struct watch_counts *counts = &watch->all->counts;
	enum watching_hint hint = watching_ended(&watch->watching, how, clock_us());
	char text[ADDRESS_TEXT_MAX];

	count_phase(watch, before);
	counts->unexpected += hint == WATCHING_UNEXPECTED;
	counts->expected += hint == WATCHING_EXPECTED;
	counts->own += how == WATCHING_HOST;
	log_debug("the connection to %s, port %u, ended%s: %s",
	          address_format(&watch->address, text), watch->check->port,
	          hint == WATCHING_UNEXPECTED ? " and starts probes" : "", why);
	close_connection(watch);
	open_when_due(watch);
	if (hint != WATCHING_NO_HINT)
		start_burst(watch, hint == WATCHING_EXPECTED);
}

/* What the peer says is of no interest; that it says nothing more is. */
static void readable(evutil_socket_t fd, short what, void *arg)
{
	static char sink[16384];
	struct watch *watch = arg;
	const ssize_t got = recv(fd, sink, sizeof(sink), MSG_DONTWAIT);

	(void)what;
	if (got == 0) {
		end(watch, WATCHING_PEER, "closed by the peer");
	} else if (got > 0) {
		watch->received += (uint32_t)got;
		if (watch->received > CHATTER_MAX)
			end(watch, WATCHING_CHATTER, "the peer sends without being asked");
	} else if (errno != EAGAIN && errno != EINTR) {
		end(watch, WATCHING_PEER, strerror(errno));
	}
}

/*
 * The kernel asks an idle peer, and ends the connection when it has been silent for `timeout`. It
 * knows whole seconds alone, so it takes two at least.
 */
static void keep_alive(const struct watch *watch)
{
	const int yes = 1, times = 9;
	const unsigned timeout = watch->check->timeout;
	const int part = timeout > KEEPALIVE_PARTS ? (int)(timeout / KEEPALIVE_PARTS) : 1;

	setsockopt(watch->fd, IPPROTO_TCP, TCP_KEEPIDLE, &part, sizeof(part));
	setsockopt(watch->fd, IPPROTO_TCP, TCP_KEEPINTVL, &part, sizeof(part));
	setsockopt(watch->fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
	setsockopt(watch->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	setsockopt(watch->fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
}

static void opened(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;
	socklen_t size = sizeof(int);
	int error = 0;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
		end(watch, WATCHING_PEER, strerror(error ? error : errno));
		return;
	}
	event_del(&watch->timer);
	event_del(&watch->io);
	event_assign(&watch->io, watch->all->base, fd, EV_READ | EV_PERSIST, readable, watch);
	if (event_add(&watch->io, NULL) < 0) {
		end(watch, WATCHING_HOST, "out of memory");
		return;
	}
	watching_opened(&watch->watching, clock_us());
	count_phase(watch, WATCHING_OPENING);
}

/* Returns NULL, or what this host lacks. */
static const char *begin(struct watch *watch)
{
	if (!dial_bind(watch->check, watch->fd) ||
	    !dial_begin(watch->check, &watch->address, watch->fd))
		return strerror(errno);
	keep_alive(watch);
	event_assign(&watch->io, watch->all->base, watch->fd, EV_WRITE, opened, watch);
	if (event_add(&watch->io, NULL) < 0)
		return "out of memory";
	return NULL;
}

static void warn_crowded(struct watcher *watches)
{
	if (log_throttle_pass(&watches->crowded, clock_ms()))
		log_warning("no more than %u connections can be watched at a time, an eighth of "
		            "the descriptors; further addresses are only probed; raise "
		            "LimitNOFILE, or remove watch = true from some checks",
		            watches->room);
}

static void open_connection(struct watch *watch)
{
	const char *fault = "too many connections";

	watching_opening(&watch->watching, clock_us());
	count_phase(watch, WATCHING_WAITING);
	if (watch->all->open >= watch->all->room) {
		warn_crowded(watch->all);
		end(watch, WATCHING_HOST, fault);
		return;
	}
	watch->fd = dial_socket(&watch->address);
	if (watch->fd < 0) {
		end(watch, WATCHING_HOST, strerror(errno));
		return;
	}
	watch->all->open++;
	watch->received = 0;
	/* Without an event yet: closing deletes one that was assigned. */
	event_assign(&watch->io, watch->all->base, watch->fd, EV_WRITE, opened, watch);
	fault = begin(watch);
	if (fault)
		end(watch, WATCHING_HOST, fault);
	else
		arm(&watch->timer, (uint64_t)watch->check->timeout * 1000);
}

static void timer_ran(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;

	(void)fd;
	(void)what;
	if (watch->watching.phase == WATCHING_OPENING)
		end(watch, WATCHING_PEER, "timed out in connect");
	else if (watching_is_due(&watch->watching, clock_us()))
		open_connection(watch);
	else
		open_when_due(watch);
}

static void open_when_due(struct watch *watch)
{
	const uint64_t now_us = clock_us(), due_us = watch->watching.due_us;

	if (watch->watching.phase == WATCHING_WAITING)
		arm(&watch->timer, due_us > now_us ? due_us - now_us : 0);
}

/* --- for the owner ---------------------------------------------------------------------------- */

struct watch *watch_new(struct watcher *watches, const struct check *check,
                        const struct address *address, struct probe *probe)
{
	struct watch *watch = memory_calloc(1, sizeof(*watch));

	watch->all = watches;
	watch->check = check;
	watch->address = *address;
	watch->probe = probe;
	watch->needed = check->rules.fall;
	watch->fd = -1;
	watches->counts.phases[WATCHING_OFF]++;
	evtimer_assign(&watch->timer, watches->base, timer_ran, watch);
	evtimer_assign(&watch->step, watches->base, step_ran, watch);
	event_assign(&watch->io, watches->base, -1, EV_READ, readable, watch);
	return watch;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	stop_burst(watch);
	close_connection(watch);
	watch->all->counts.phases[watch->watching.phase]--;
	free(watch);
}

void watch_rebind(struct watch *watch, const struct check *check)
{
	if (watch)
		watch->check = check;
}

static void observe_burst(struct watch *watch, enum verdict verdict, bool down)
{
	const bool sooner = burst_observe(&watch->burst, verdict);

	if (down)
		stop_burst(watch);
	else if (sooner)
		step_later(watch);
}

void watch_verdict(struct watch *watch, enum verdict verdict, bool down, unsigned needed)
{
	enum watching_phase before;

	if (!watch)
		return;
	before = watch->watching.phase;
	watch->needed = needed;
	observe_burst(watch, verdict, down);
	if (verdict == VERDICT_PASS) {
		watching_passed(&watch->watching, clock_us());
		if (before == WATCHING_OFF)
			open_when_due(watch);
	} else if (verdict == VERDICT_FAIL && watching_failed(&watch->watching, down, clock_us())) {
		close_connection(watch);
	}
	count_phase(watch, before);
}
