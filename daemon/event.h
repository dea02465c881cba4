/*
 * Events: every change that a person or a program may want to know of, in one schema.
 *
 * event_emit() makes an item of it, which has a number, the log's line and the JSON text, hands it to the log, keeps it among the
 * last EVENT_KEPT and then tells the subscribers. Only changes are events, never the text of the last probe.
 *
 *   event        what happened, who is told
 *   event_ring   the last ones
 *
 * One process has one sequence of events, as it has one log. The loop's thread alone may call.
 */
#ifndef SHUNT_EVENT_H
#define SHUNT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

enum event_type {
	EVENT_ANSWER,    /* another endpoint answers; from and to are ids, or "dns", "fail" */
	EVENT_HEALTH,    /* an address went up or down */
	EVENT_CHECK,     /* the same of a check that others are calculated from */
	EVENT_UNCERTAIN, /* an address's check has had no verdict for long, or has one again */
	EVENT_RESOLVE, /* an endpoint's name resolves to other addresses, or fails, or works again */
	EVENT_REFUSED,     /* an address was left out: local, or one too many */
	EVENT_CERTIFICATE, /* a certificate that a check was shown ends soon, or has ended */
	EVENT_SETTLED,     /* every check has a verdict, or had its time */
	EVENT_RELOAD,      /* another configuration is in force */
	EVENT_FORCED,      /* an operator says which endpoint answers */
	EVENT_RELEASED,    /* an operator says that the election does again */
	EVENT_EXPIRED,     /* an override's time is up */
	EVENT_STATE, /* what must survive a restart cannot be written, is written again, or was not believed */
	EVENT_DROPPED,  /* an override's endpoint is gone */
	EVENT_ISOLATED, /* nothing beyond this host answers: the answers hold */
	EVENT_REJOINED, /* something does again */
	EVENT_TYPES
};

/* Fields that do not apply are NULL. */
struct event_record {
	enum event_type type;
	const char *record;
	unsigned more; /* how many other records have the same address */
	const char *endpoint;
	const char *address;
	const char *from;
	const char *to;
	const char *reason;
};

/* An event as it is kept. It never changes; whoever needs it beyond a call holds it. */
struct event_item {
	uint64_t seq;             /* from 1, without gaps */
	time_t time;              /* wall clock */
	struct event_record what; /* its strings are the item's */
	const char *text;         /* the log's line, without time and level */
	const char *json;         /* one line, its newline included */
	size_t length;            /* of that */
	uint64_t end;             /* bytes of all lines of JSON up to here, this one included */
	unsigned holders;
};

/* "answer", "health", …: the schema's words. */
const char *event_word(enum event_type type);
bool event_find(const char *word, enum event_type *type);
/* "info", "warning". */
const char *event_level(enum event_type type);

void event_emit(const struct event_record *event);

/* How many of that type there were. */
uint64_t event_count(enum event_type type);

struct event_item *event_hold(struct event_item *item);
void event_release(struct event_item *item);

/* Told of each event, in order. `told` may hold the item; it must not emit, and may be called in the middle of a change. */
struct event_subscriber {
	void (*told)(void *arg, struct event_item *item);
	void *arg;
	TAILQ_ENTRY(event_subscriber) link;
};

void event_subscribe(struct event_subscriber *subscriber);
void event_unsubscribe(struct event_subscriber *subscriber);

#endif
