/*
 * Probes: when they are made, for how long, and that each ends exactly once.
 *
 * A struct prober owns the schedule of all probes. A kind (tcp, http, …) knows how one attempt is
 * made and nothing of time:
 *
 *   prober → kind->start(probe)     the attempt begins
 *   kind   → probe_finish(probe, …) the attempt ended by itself; or
 *   prober → kind->cancel(attempt)  its deadline has come (connect_timeout or timeout), or the
 *                                   probe is freed
 *   prober → done(arg, result)      once for each attempt that ended or ran into its deadline;
 *                                   returns when the next attempt is due
 *
 * An own fault is VERDICT_NONE, and so is a failure while our loop was late (stopped, starved,
 * resumed from sleep); why.h says which reason makes which verdict. Everything runs in the
 * event loop's thread.
 */
#ifndef SHUNT_PROBE_PROBE_H
#define SHUNT_PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/address.h"
#include "config/config.h"
#include "policy/health.h"
#include "probe/cost.h"
#include "probe/why.h"

struct event_base;
struct prober;
struct probe;
struct probe_tally;

#define PROBE_DETAIL_MAX 201 /* text from outside is cut at 200 bytes */

/*
 * What a result shows of the network between this host and the address. By default probe_finish()
 * proves the path, a deadline is silence, and an own fault shows nothing; a kind for which that is
 * wrong calls probe_finish_path().
 */
enum probe_path {
	PATH_UNKNOWN, /* nothing: a fault of our own, or nothing went over the network */
	PATH_PROVEN,  /* the peer sent something: an answer, a refusal, a reset, bad TLS */
	PATH_SILENT   /* nothing came back, or this host knew no way there */
};

/* The parts of an attempt that have an end of their own, as far as the kind has them. */
enum probe_part { PROBE_CONNECT, PROBE_TLS, PROBE_FIRST_BYTE, PROBE_PARTS };

struct probe_result {
	enum verdict verdict;
	enum probe_why why; /* of that verdict */
	enum probe_path path;
	/* CLOCK_MONOTONIC; when the peer last sent something in this attempt; 0: never. */
	uint64_t proven_us;
	uint64_t elapsed_us;           /* from the start of the attempt */
	uint64_t part_us[PROBE_PARTS]; /* the same, to the end of each part; 0: it was not seen */
	time_t expires; /* wall clock: the end of the certificate that the peer showed; 0: none */
	char detail[PROBE_DETAIL_MAX]; /* why, in words, printable; "" for a pass that needs none */
};

struct probe_kind {
	/*
	 * Begins an attempt and remembers it with probe_set_attempt(). Must end in probe_finish(),
	 * now or later. Never blocks.
	 */
	void (*start)(struct probe *probe);
	/* Frees an attempt that is under way, without probe_finish(). */
	void (*cancel)(void *attempt);
	/*
	 * What an attempt is waiting for, for "timed out in …": "connect", "TLS", "first byte",
	 * "headers", "body".
	 */
	const char *(*stage)(const void *attempt);
	/* The kind's own; probe_kind_of(probe)->context in its functions. */
	void *context;
	enum probe_cost cost;
	/*
	 * The verdict is a program's, which may have asked anything: it shows nothing of the path.
	 */
	bool off_network;
};

/* Who asks, as far as the check depends on it: else "". */
struct probe_asker {
	const char *host;     /* what is sent as Host and SNI: the check's, or the record's name */
	const char *endpoint; /* its id */
};

/* Returns the time in ms from this attempt's start to the next one's. Must not free the probe. */
typedef uint32_t probe_done(void *arg, const struct probe_result *result);

/*
 * `in_flight_max`: attempts at one time, so that descriptors suffice; later ones wait their turn.
 */
struct prober *prober_new(struct event_base *base, unsigned in_flight_max);
/* After all probes are freed. */
void prober_free(struct prober *prober);

/* Since its start; valid as long as the prober. */
const struct probe_tally *prober_tally(const struct prober *prober);

/* How long the loop has been late at most since `since_us` (CLOCK_MONOTONIC), in ms. */
uint32_t prober_late_ms(const struct prober *prober, uint64_t since_us);

/*
 * A new probe; its first attempt is due at once for the first 64 after the prober's start, else
 * after a part of the smaller of its interval and 2 s. `check` and what `asker` names must outlive
 * it or be replaced by probe_rebind().
 */
struct probe *probe_new(struct prober *prober, const struct probe_kind *kind,
                        const struct check *check, const struct address *address,
                        struct probe_asker asker, probe_done *done, void *arg);

/* After a reload: the same probe, whose check and asker now live elsewhere. */
void probe_rebind(struct probe *probe, const struct check *check, struct probe_asker asker);

/* Brings the next attempt forward to now; no effect while one is under way, or on NULL. */
void probe_now(struct probe *probe);

/*
 * A whole attempt: it begins now or, when one is under way, as soon as that has ended. It has ended
 * when probe_count() has come to the number that is returned.
 */
uint32_t probe_afresh(struct probe *probe);

/* How many attempts have ended. */
uint32_t probe_count(const struct probe *probe);

/* Ends what is under way, without done(). Not from within done(). */
void probe_free(struct probe *probe);

/* For kinds */

const struct check *probe_check(const struct probe *probe);
const struct address *probe_address(const struct probe *probe);
const char *probe_host(const struct probe *probe);
const char *probe_endpoint(const struct probe *probe);
const struct probe_kind *probe_kind_of(const struct probe *probe);
struct event_base *probe_base(const struct probe *probe);
void probe_set_attempt(struct probe *probe, void *attempt);
/* What becomes result.expires. */
void probe_set_expiry(struct probe *probe, time_t expires);

/*
 * The attempt is over; the kind has freed it, or frees it before it returns to the loop. The detail
 * is made printable and cut at 200 bytes here, and only here.
 */
void probe_finish(struct probe *probe, enum probe_why why, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The same where the path is not proven by it: a lack of a route, say. */
void probe_finish_path(struct probe *probe, enum probe_why why, enum probe_path path,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * The address is one of this host's own: the attempt shows nothing of the network, however it ends.
 */
void probe_stays_here(struct probe *probe);

/*
 * The peer has said something, and the attempt goes on: should it run into its deadline, the path
 * was there until now. From the first time on connect_timeout counts no more.
 */
void probe_peer_answered(struct probe *probe);

/* A part of the attempt was done at `when_us` (CLOCK_MONOTONIC). */
void probe_reached(struct probe *probe, enum probe_part part, uint64_t when_us);

#endif
