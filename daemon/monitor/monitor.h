/*
 * The spine: from a verdict to the table.
 *
 *   probe_finish → monitor's done → silence_judge → health_observe → election_run → publish_record → event
 *
 * The monitor owns what runs: the targets that are probed (one for each check, host and address, whoever asks), the records
 * with their elections, and the published tables (the current one, and superseded ones for SHUNT_SUPERSEDED_MS).
 */
#ifndef SHUNT_MONITOR_MONITOR_H
#define SHUNT_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "config/config.h"
#include "policy/election.h"
#include "probe/probe.h"

struct event_base;
struct histogram;
struct monitor;
struct override;
struct resolver;
struct saved;
struct state;

struct monitor_parts {
	struct event_base *base;
	struct prober *prober;
	struct resolver *resolver;
	const struct probe_kind
	        *kinds[CHECK_TYPES]; /* by enum check_type; NULL for CHECK_CALCULATED */
	struct state *state;         /* NULL: nothing survives */
	struct saved *saved;         /* what another life left, taken over; NULL: nothing */
	/* Called once for each table that settles. May be NULL. */
	void (*settled)(void *arg);
	void *arg;
};

struct monitor *monitor_new(const struct monitor_parts *parts);
void monitor_free(struct monitor *monitor);

/*
 * Takes the configuration over: the first, or, at a reload, another one. What did not change keeps its health and its answer. False
 * when no table can be made (errno): then nothing has changed and the configuration is still the caller's.
 */
bool monitor_load(struct monitor *monitor, struct config *config);

/* For state_start(). */
char *monitor_state(void *monitor, size_t *size);

/* For clients_new(): the current table. */
int monitor_table(void *monitor, bool *settled);

/* The inode of the current table, by which /proc/PID/maps shows who has it mapped; 0: unknown. */
uint64_t monitor_table_inode(const struct monitor *monitor);

bool monitor_is_settled(const struct monitor *monitor);

/* Nothing beyond this host answers: the answers hold. */
bool monitor_is_isolated(const struct monitor *monitor);

/* What readers see. Valid until the loop turns. */

struct monitor_address {
	struct address address;
	enum health_state health;
	bool answers;           /* part of the answer while its endpoint answers */
	const char *last_error; /* NULL: the last probe passed, or there was none */
	uint64_t latency_us;    /* of the last probe that passed; 0: none */
	uint64_t part_us
	        [PROBE_PARTS]; /* of the same, from its start to the end of each part; 0: it has none */
	time_t last_probe;     /* wall clock; 0: none */
	time_t certificate_expires; /* wall clock; of the peer's certificate; 0: it showed none */
	uint32_t probes;            /* that have ended */
	uint32_t
	        asked; /* monitor_check() has its verdict when `probes` comes to this; 0: never asked */
	unsigned against; /* results in a row that speak against `health`, */
	unsigned
	        needed; /* of so many that change it; 0: there is no check, or it has no probes of its own */
	unsigned held; /* failures that are not counted yet: it may be this host's fault */
	time_t no_verdict_since; /* wall clock; probes end by faults of our own for too long; 0: they do not */
};

struct monitor_endpoint {
	const char *id;
	enum health_state health;
	const char *check;            /* type: "http", …; NULL: none */
	const struct check *settings; /* NULL: no check */
	uint32_t min_up;              /* addresses that must be up for the endpoint to be */
	const char *error;            /* of its names' resolution; NULL: none */
	struct monitor_address addresses[SHUNT_ADDRESSES_MAX];
	size_t address_count;
};

#define MONITOR_REASON_MAX 460

struct monitor_record {
	const char *name;
	const char *const *aliases;
	size_t alias_count;
	int answer;                      /* as in struct election */
	char reason[MONITOR_REASON_MAX]; /* in words */
	enum election_reason rule;       /* that led to it */
	int elected;                     /* the same, were nothing forced */
	enum all_down all_down;
	enum failback failback;
	uint64_t failback_delay_ms; /* as configured, and */
	uint64_t failback_wait_ms;  /* with the flap_penalty of now */
	time_t failback_at; /* wall clock; an earlier endpoint takes over if it stays up until then; 0: none waits */
	const struct override *override; /* NULL: none */
	int forced;                      /* with one: its endpoint */
	time_t since;                    /* wall clock: the last change of `answer` */
	uint64_t changes;                /* of `answer` that were events, since the start */
	struct monitor_endpoint endpoints[SHUNT_ENDPOINTS_MAX];
	size_t endpoint_count;
};

const struct config *monitor_config(const struct monitor *monitor);
/* Changes with each monitor_load(): what was read in parts before it no longer belongs together. */
uint64_t monitor_generation(const struct monitor *monitor);
size_t monitor_record_count(const struct monitor *monitor);
/* How many records have an override. */
size_t monitor_override_count(const struct monitor *monitor);
/* How late the heartbeats were. */
const struct histogram *monitor_lateness(const struct monitor *monitor);
/* Its name, as the configuration spells it. */
const char *monitor_name(const struct monitor *monitor, size_t index);
/* The record of that name or alias, in any case, with or without a final dot. */
bool monitor_find(const struct monitor *monitor, const char *name, size_t *index);
void monitor_read(const struct monitor *monitor, size_t index, struct monitor_record *out);

/* What operators do. */

struct monitor_order {
	const char *endpoint; /* id */
	uid_t uid;
	const char *by;     /* the user's name, or "uid 1234" */
	const char *reason; /* NULL: none; foreign text */
	uint32_t for_ms;    /* 0: without end */
	bool anyway;        /* even onto an endpoint that is down */
};

enum monitor_forced { MONITOR_FORCED, MONITOR_NO_ENDPOINT, MONITOR_DOWN };

#define MONITOR_ERROR_MAX 1000

/* One that is not MONITOR_FORCED has changed nothing, and `error` is one line. */
enum monitor_forced monitor_force(struct monitor *monitor, size_t index,
                                  const struct monitor_order *order, char error[MONITOR_ERROR_MAX]);

/* Ends an override, and the wait of a failback. */
void monitor_auto(struct monitor *monitor, size_t index, const char *by);

/* Probes every address of the record afresh. Returns within how many ms the verdicts must be there, if nothing stands in the way. */
uint32_t monitor_check(struct monitor *monitor, size_t index);

#endif
