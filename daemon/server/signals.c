#include "server/signals.h"

#include <signal.h>
#include <stddef.h>

#include <event2/event.h>

/*
 * libevent reports every signal, however many arrived during a long reload: a single further reload
 * covers all of them.
 */
static void on_hangup(evutil_socket_t signal, short what, void *arg)
{
	struct signals *signals = arg;

	(void)signal;
	(void)what;
	event_active(signals->reloading, EV_TIMEOUT, 0);
}

static void on_reloading(evutil_socket_t fd, short what, void *arg)
{
	struct signals *signals = arg;

	(void)fd;
	(void)what;
	signals->reload(signals->arg);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct signals *signals = arg;

	(void)fd;
	(void)what;
	/* The exit is an event, and needs memory; without that the loop ends before other events. */
	if (event_base_loopexit(signals->base, NULL) < 0)
		event_base_loopbreak(signals->base);
}

bool signals_catch(struct signals *signals, struct event_base *base, int owner,
                   void (*reload)(void *arg), void *arg)
{
	*signals = (struct signals){ .base = base, .reload = reload, .arg = arg };
	signals->caught[0] = evsignal_new(base, SIGTERM, on_end, signals);
	signals->caught[1] = evsignal_new(base, SIGINT, on_end, signals);
	signals->caught[2] = evsignal_new(base, SIGHUP, on_hangup, signals);
	signals->reloading = event_new(base, -1, 0, on_reloading, signals);
	if (!signals->reloading)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!signals->caught[i] || event_add(signals->caught[i], NULL) < 0)
			return false;
	}
	if (owner < 0)
		return true;
	signals->owner = event_new(base, owner, EV_READ, on_end, signals);
	return signals->owner && event_add(signals->owner, NULL) == 0;
}

void signals_block(void)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ours, NULL);
}

void signals_free(struct signals *signals)
{
	struct event *events[] = { signals->caught[0], signals->caught[1], signals->caught[2],
		                   signals->reloading, signals->owner };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i])
			event_free(events[i]);
	}
}
