/*
 * Probes: schedules attempts, enforces their deadlines, and ensures that each ends exactly once.
 *
 * A struct prober owns the schedule of all probes. A kind (tcp, http, …) implements a single
 * attempt and does not deal with time:
 *
 *   prober → kind->start(probe)     the attempt begins
 *   kind   → probe_finish(probe, …) the attempt has ended; or
 *   prober → kind->cancel(attempt)  its deadline has passed (connect_timeout or timeout), or the
 *                                   probe is freed
 *   prober → done(subject, result)  once for each attempt that ended or reached its deadline;
 *                                   returns when the next attempt is due
 *
 * A fault of this host gives VERDICT_NONE, and so does a failure while the loop was late (stopped,
 * starved, resumed from sleep); why.h lists the verdict for each reason. Everything runs in the
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

struct edge_set;
struct event_base;
struct prober;
struct probe;
struct probe_tally;

#define PROBE_DETAIL_MAX 201 /* text from outside is truncated to 200 bytes */

/*
 * What a result shows about the network between this host and the address. By default
 * probe_finish() proves the path, a deadline is silence, and a fault of this host shows nothing; a
 * kind for which that is wrong calls probe_finish_path().
 */
enum probe_path {
	PATH_UNKNOWN, /* nothing: a fault of this host, or the network was not used */
	PATH_PROVEN,  /* the peer sent something: an answer, a refusal, a reset, invalid TLS */
	PATH_SILENT   /* nothing was received, or this host had no route */
};

/* The phases of an attempt whose ends are recorded, if the kind has them. */
enum probe_part { PROBE_CONNECT, PROBE_TLS, PROBE_FIRST_BYTE, PROBE_PARTS };

struct probe_result {
	enum verdict verdict;
	enum probe_why why; /* reason for that verdict */
	enum probe_path path;
	/* CLOCK_MONOTONIC; when the peer last sent something in this attempt; 0 if never. */
	uint64_t proven_us;
	uint64_t elapsed_us; /* from the start of the attempt */
	/* From the start to the end of each part; 0 if it was not observed. */
	uint32_t part_us[PROBE_PARTS];
	/* Wall clock: expiry of the certificate presented by the peer; 0 if there was none. */
	time_t expires;
	/* The reason as text, printable; "" for a pass that needs none. */
	char detail[PROBE_DETAIL_MAX];
};

struct probe_kind {
	/*
	 * Starts an attempt and stores it with probe_set_attempt(). Must lead to a call of
	 * probe_finish(), immediately or later. Never blocks.
	 */
	void (*start)(struct probe *probe);
	/* Frees an attempt that is under way, without probe_finish(). */
	void (*cancel)(void *attempt);
	/*
	 * What an attempt is waiting for, for the text "timed out in …": "connect", "TLS", "first
	 * byte", "headers", "body".
	 */
	const char *(*stage)(const void *attempt);
	/* For the kind; available in its functions as probe_kind_of(probe)->context. */
	void *context;
	enum probe_cost cost;
	/*
	 * The verdict is that of a program, which may have done anything: it shows nothing about
	 * the path.
	 */
	bool off_network;
};

/* The properties of the asker that the check depends on; others are "". */
struct probe_asker {
	const char *host;     /* sent as Host and SNI: the check's host, or the record's name */
	const char *endpoint; /* the endpoint's id */
};

/*
 * What is probed. The owner of the probe owns it, too. After a reload it puts the same check and
 * asker of the new configuration here, in one go; the probe stays the same.
 */
struct probe_subject {
	const struct check *check;
	struct address address;
	struct probe_asker asker;
};

/*
 * Called with the `subject` that the probe was created for. Returns the time in ms from this attempt's
 * start to the next one's. Must not free the probe.
 */
typedef uint32_t probe_done(const struct probe_subject *subject, const struct probe_result *result);

/*
 * `in_flight_max`: number of attempts at the same time, limited so that descriptors suffice;
 * further attempts wait. Returns NULL if this host lacks descriptors.
 */
struct prober *prober_new(struct event_base *base, unsigned in_flight_max);
/*
 * Who is told of the end of each attempt, of all probes: to be called before the first is created.
 */
void prober_tell(struct prober *prober, probe_done *done);
/* Must be called after all probes were freed. */
void prober_free(struct prober *prober);

/* Counted since its creation; valid as long as the prober. */
const struct probe_tally *prober_tally(const struct prober *prober);

/* The maximum lateness of the loop since `since_us` (CLOCK_MONOTONIC), in ms. */
uint32_t prober_late_ms(const struct prober *prober, uint64_t since_us);

/*
 * Creates a probe. Its first attempt is due at once for the first 64 probes after the prober's
 * creation, otherwise after a fraction of its interval or of 2 s, whichever is smaller. `subject`
 * and what it points to must outlive the probe.
 */
struct probe *probe_new(struct prober *prober, const struct probe_kind *kind,
                        const struct probe_subject *subject);

/* The set in which the sockets of all probes are watched. Valid as long as the prober. */
struct edge_set *prober_edges(const struct prober *prober);

/* Makes the next attempt due now; no effect while one is under way, or on NULL. */
void probe_now(struct probe *probe);

/*
 * Requests a complete attempt: it starts now or, if one is under way, as soon as that has ended. It
 * has ended when probe_count() has reached the number returned.
 */
uint32_t probe_afresh(struct probe *probe);

/* Number of attempts that have ended. */
uint32_t probe_count(const struct probe *probe);

/* Ends an attempt under way without calling done(). Must not be called from within done(). */
void probe_free(struct probe *probe);

/* For kinds: */

const struct check *probe_check(const struct probe *probe);
const struct address *probe_address(const struct probe *probe);
const char *probe_host(const struct probe *probe);
const char *probe_endpoint(const struct probe *probe);
const struct probe_kind *probe_kind_of(const struct probe *probe);
struct event_base *probe_base(const struct probe *probe);
/* The set in which the probes' sockets are watched. */
struct edge_set *probe_edges(const struct probe *probe);
void probe_set_attempt(struct probe *probe, void *attempt);
/* Sets result.expires. */
void probe_set_expiry(struct probe *probe, time_t expires);

/*
 * Ends the attempt; the kind has freed it, or frees it before it returns to the loop. The text is
 * made printable and truncated to 200 bytes here, and only here.
 */
void probe_finish(struct probe *probe, enum probe_why why, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The same for an ending that does not prove the path, such as the lack of a route. */
void probe_finish_path(struct probe *probe, enum probe_why why, enum probe_path path,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * The address belongs to this host: the attempt shows nothing about the network, however it ends.
 */
void probe_stays_here(struct probe *probe);

/*
 * The peer has sent something, and the attempt continues: if it reaches its deadline, the path
 * worked until now. From the first call on, connect_timeout no longer applies.
 */
void probe_peer_answered(struct probe *probe);

/*
 * The attempt is made once more, with its whole time limit from now on, because of how this host
 * made it the first time. Called before the new connection.
 */
void probe_begin_again(struct probe *probe);

/* A kind's own note about the target, which is kept from attempt to attempt; at first false. */
void probe_note(struct probe *probe);
bool probe_is_noted(const struct probe *probe);

/* A part of the attempt ended at `when_us` (CLOCK_MONOTONIC). */
void probe_reached(struct probe *probe, enum probe_part part, uint64_t when_us);

#endif
