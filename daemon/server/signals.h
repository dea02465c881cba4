/* What ends the loop or makes it reload: signals, and the end of the process that a private daemon belongs to. */
#ifndef SHUNT_SERVER_SIGNALS_H
#define SHUNT_SERVER_SIGNALS_H

#include <stdbool.h>

struct event;
struct event_base;

struct signals {
	struct event_base *base;
	struct event *caught[3];
	struct event *reloading; /* what SIGHUP asks for */
	struct event *owner;
	void (*reload)(void *arg);
	void *arg;
};

/*
 * SIGTERM, SIGINT and the end of the process that `owner` is a pidfd of (-1: none) leave the loop; SIGHUP calls reload() with `arg`, once
 * for all that arrived during one turn. False with errno: signals_free() all the same.
 */
bool signals_catch(struct signals *signals, struct event_base *base, int owner,
                   void (*reload)(void *arg), void *arg);

/*
 * For the daemon's end, before signals_free(): without our handlers, another signal would end the process at once, before the state
 * is written and the sockets are removed.
 */
void signals_block(void);
void signals_free(struct signals *signals);

#endif
