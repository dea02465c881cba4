/*
 * Events that end the loop or trigger a reload: signals, and the end of the process that owns a
 * private daemon.
 */
#ifndef SHUNT_SERVER_SIGNALS_H
#define SHUNT_SERVER_SIGNALS_H

#include <stdbool.h>

struct event;
struct event_base;

struct signals {
	struct event_base *base;
	struct event *caught[3];
	struct event *reloading; /* event that calls reload() after SIGHUP */
	struct event *owner;
	void (*reload)(void *arg);
	void *arg;
};

/*
 * SIGTERM, SIGINT, and the end of the process that `owner` is a pidfd of (-1: none) end the loop;
 * SIGHUP calls reload() with `arg`, once for all signals that arrived during one iteration. Returns
 * false with errno on failure; signals_free() must be called in any case.
 */
bool signals_catch(struct signals *signals, struct event_base *base, int owner,
                   void (*reload)(void *arg), void *arg);

/*
 * Called when the daemon exits, before signals_free(): without handlers, another signal would end
 * the process at once, before the state is written and the sockets are removed.
 */
void signals_block(void);
void signals_free(struct signals *signals);

#endif
