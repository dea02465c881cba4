/*
 * Overrides: an operator's word on which endpoint of a record answers, with who, why and until when.
 *
 * The endpoint is the record's election.forced. The monitor sets and ends overrides, and has them carried over at a reload; one
 * ends by itself when its time is up or its endpoint is gone. Each change is an event. Time is reckoned on CLOCK_BOOTTIME: the
 * wall clock may step, and sleep counts.
 */
#ifndef SHUNT_MONITOR_OVERRIDE_H
#define SHUNT_MONITOR_OVERRIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct event;
struct event_base;
struct record;
struct roster;

#define OVERRIDE_NAME_MAX 33    /* a user's name */
#define OVERRIDE_REASON_MAX 201 /* text from outside is cut at 200 bytes */
#define OVERRIDE_WORDS_MAX 360
#define OVERRIDE_GONE "it is no longer in the configuration"

struct override {
	uid_t uid;
	char by[OVERRIDE_NAME_MAX];       /* the user's name, or "uid 1234" */
	char reason[OVERRIDE_REASON_MAX]; /* printable; "": none was given */
	time_t since, until;              /* wall clock, for people; until 0: without end */
	uint64_t deadline_ms;             /* CLOCK_BOOTTIME; 0: without end */
};

struct overrides {
	const struct roster *roster; /* whose overrides end by time */
	/* An override has ended by itself: elect again. */
	void (*changed)(void *arg, struct record *record);
	void *arg;
	int fd; /* timerfd(2): libevent's clock stands still while the host sleeps */
	struct event *expiry;
};

void overrides_init(struct overrides *overrides, struct event_base *base,
                    void (*changed)(void *arg, struct record *record), void *arg);
void overrides_free(struct overrides *overrides);

/* Copies `override`; replaces what there was. Then elect again. */
void override_set(struct overrides *overrides, struct record *record, int endpoint,
                  const struct override *override);

/* The same without an event, for one that was set in another life. Its time may be up: then it ends as soon as the loop turns. */
void override_restore(struct overrides *overrides, struct record *record, int endpoint,
                      const struct override *override);

/* An operator ends it; no effect where there is none. Then elect again. */
void override_release(struct overrides *overrides, struct record *record, const char *by);

/* After roster_build(), which carried election.forced: from the one before (NULL: none) to this one. */
void overrides_carry(struct overrides *overrides, struct roster *old, const struct roster *roster);

/* "forced to secondary by root until 2026-11-25T05:00:00Z: maintenance". Returns `text`. */
const char *override_words(const struct record *record, char text[OVERRIDE_WORDS_MAX]);

#endif
