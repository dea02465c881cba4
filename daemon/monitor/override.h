/*
 * Overrides: an operator's choice of the endpoint that answers for a record, with who set it, why,
 * and until when.
 *
 * The endpoint is the record's election.forced. The monitor sets and ends overrides and carries
 * them over at a reload; an override ends automatically when it expires or its endpoint no longer
 * exists. Each change is an event. Deadlines use CLOCK_BOOTTIME, because the wall clock may step
 * and time asleep must count.
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
#define OVERRIDE_REASON_MAX 201 /* text from outside is truncated to 200 bytes */
#define OVERRIDE_WORDS_MAX 360
#define OVERRIDE_GONE "it is no longer in the configuration"

struct override {
	uid_t uid;
	char by[OVERRIDE_NAME_MAX];       /* the user's name, or "uid 1234" */
	char reason[OVERRIDE_REASON_MAX]; /* printable; "" if none was given */
	/* Wall clock, for display; `until` is 0 without a time limit. */
	time_t since, until;
	uint64_t deadline_ms; /* CLOCK_BOOTTIME; 0: no time limit */
};

struct overrides {
	const struct roster *roster; /* the records whose overrides can expire */
	/* Called when an override has expired: a new election is needed. */
	void (*changed)(void *arg, struct record *record);
	void *arg;
	int fd; /* timerfd(2), because libevent's clock stands still while the host sleeps */
	struct event *expiry;
};

void overrides_init(struct overrides *overrides, struct event_base *base,
                    void (*changed)(void *arg, struct record *record), void *arg);
void overrides_free(struct overrides *overrides);

/*
 * Stores a copy of `override`, replacing any previous one. The caller must run an election
 * afterwards.
 */
void override_set(struct overrides *overrides, struct record *record, int endpoint,
                  const struct override *override);

/*
 * Like override_set() but without an event, for an override set in a previous run. If it has
 * already expired, it ends in the next iteration of the loop.
 */
void override_restore(struct overrides *overrides, struct record *record, int endpoint,
                      const struct override *override);

/*
 * Ends the override on an operator's request; no effect if there is none. The caller must run an
 * election afterwards.
 */
void override_release(struct overrides *overrides, struct record *record, const char *by);

/*
 * Moves overrides from the old roster (or NULL) to the new one. Must be called after
 * roster_build(), which carries election.forced over.
 */
void overrides_carry(struct overrides *overrides, struct roster *old, const struct roster *roster);

/* Formats "forced to secondary by root until 2026-11-25T05:00:00Z: maintenance". Returns `text`. */
const char *override_words(const struct record *record, char text[OVERRIDE_WORDS_MAX]);

#endif
