#include "fleet/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "fleet/ask.h"
#include "fleet/etcd.h"
#include "fleet/fault.h"
#include "fleet/outbox.h"
#include "fleet/own_key.h"

#define CALL_MS 1000u  /* a member that takes longer is left */
#define LOGIN_MS 3000u /* its cost is meant to be high */
#define RANGE_MS 10000u
#define PAGE 128u /* keys of one answer: it has room for so many of the largest values */
#define PAUSE_MIN_MS 100u
#define PAUSE_MAX_MS 5000u
#define REFUSED_MS 5000u /* before a write that was refused is tried again */
#define CHANGED_MS 100u  /* before one that met another is */
#define LEAVE_MS 300u
#define LONG_LEASE_MS 20000u

enum phase { PHASE_PAUSE, PHASE_LOGIN, PHASE_LEASE, PHASE_RANGE, PHASE_WATCH, PHASE_RUN };

struct session {
	const struct fleet_config *config;
	struct session_user user;
	struct fleet_counts *counts;
	struct etcd *etcd;
	char *prefix, *own_key; /* "/shunt/prod/", "/shunt/prod/hosts/db-7" */

	enum fleet_state state;
	time_t since;
	char error[FLEET_ERROR_MAX];

	enum phase phase;
	size_t member, tried; /* the one that is asked; how many have failed in turn */
	uint32_t pause_ms;
	char *token;                /* NULL: none */
	uint64_t lease;             /* 0: none */
	uint64_t cluster, revision; /* all changes up to it are known; 0: none are */
	uint64_t page_revision;     /* of the keys that are being read; 0: not known yet */
	char *page_after;           /* the last of them; NULL */
	size_t page_keys;           /* that this page has had */

	struct own_key own;
	bool name_taken;
	struct log_throttle refused;

	struct etcd_call call, watch, beat, write;
	/* For the next step; for the lease; for a write; for the state. */
	struct event *step, *pulse, *pen, *loss;
	struct outbox outbox;
};

static const char *member_of(const struct session *session)
{
	return session->config->etcd[session->member];
}

/* --- the state -------------------------------------------------------------------------------- */

static void set_state(struct session *session, enum fleet_state state)
{
	if (session->state == state)
		return;
	session->state = state;
	session->since = time(NULL);
	session->user.changed(session->user.arg);
}

/* A majority of etcd has just answered. */
static void answered(struct session *session)
{
	timer_arm(session->loss, (uint64_t)session->config->lease_seconds * 1000);
}

static void on_loss(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	(void)fd;
	(void)what;
	if (!session->error[0])
		snprintf(session->error, sizeof(session->error), "%s: it does not answer in time",
		         member_of(session));
	set_state(session, FLEET_LOST);
}

/* --- failures --------------------------------------------------------------------------------- */

static void stop_calls(struct session *session)
{
	/* Whether a write under way has been carried out is not known. */
	session->own.dirty |= etcd_is_asking(&session->write);
	etcd_stop(&session->call);
	etcd_stop(&session->watch);
	etcd_stop(&session->beat);
	etcd_stop(&session->write);
	event_del(session->pulse);
	event_del(session->pen);
}

/* Half to one and a half of the pause, so that hosts do not come back together. */
static uint32_t next_pause(struct session *session)
{
	const uint32_t pause = session->pause_ms;
	uint32_t random;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	session->pause_ms = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
	return pause / 2 + random % pause;
}

/* Everything begins again, with that member, after that time. */
static void begin_again(struct session *session, size_t member, uint32_t delay_ms)
{
	stop_calls(session);
	session->phase = PHASE_PAUSE;
	session->member = member;
	timer_arm(session->step, delay_ms);
}

static void note_error(struct session *session, const char *error)
{
	session->counts->errors++;
	snprintf(session->error, sizeof(session->error), "%s: %s", member_of(session), error);
}

static void fail(struct session *session, const char *error)
{
	const size_t next = (session->member + 1) % session->config->etcd_count;
	const bool round = ++session->tried >= session->config->etcd_count;

	note_error(session, error);
	begin_again(session, next, round ? next_pause(session) : 0);
	if (!round)
		return;
	session->tried = 0;
	if (session->state == FLEET_JOINING)
		set_state(session, FLEET_LOST);
}

static void forget_token(struct session *session)
{
	free(session->token);
	session->token = NULL;
}

/*
 * Without its lease nothing says that this is the store it was: one that begins again has the same
 * cluster id if its members do, and its revision may be further than what is known.
 */
static void lose_lease(struct session *session)
{
	session->lease = 0;
	session->revision = 0;
}

/* Forgets what is old, if the same member may answer without it. */
static bool is_outdated(struct session *session, const char *error)
{
	switch (fault_of(error)) {
	case FAULT_TOKEN: forget_token(session); return true;
	case FAULT_LEASE: lose_lease(session); return true;
	case FAULT_CHANGES: session->revision = 0; return true;
	default: return false;
	}
}

static void fail_or_renew(struct session *session, const char *error)
{
	if (!is_outdated(session, error)) {
		fail(session, error);
		return;
	}
	note_error(session, error);
	begin_again(session, session->member, next_pause(session));
}

/* --- calls ------------------------------------------------------------------------------------ */

typedef void answer_fn(void *arg, const json_t *answer, const char *error);

static void ask(struct session *session, struct etcd_call *call, const char *path, char *body,
                uint32_t timeout_ms, answer_fn *done)
{
	*call = (struct etcd_call){ .member = member_of(session),
		                    .path = path,
		                    .token = session->token,
		                    .timeout_ms = timeout_ms,
		                    .done = done,
		                    .arg = session };
	if (!etcd_ask(session->etcd, call, body))
		fail(session, call->error);
}

/*
 * What this member knows is older than what is known here, or of another cluster: etcd was restored,
 * and nothing that is known holds.
 */
static bool is_same_store(struct session *session, const json_t *answer)
{
	const uint64_t cluster = reply_cluster(answer), revision = reply_revision(answer);
	const bool same = cluster == session->cluster && revision >= session->revision;

	if (session->revision && !same)
		lose_lease(session);
	session->cluster = cluster;
	return same;
}

/* --- this host's key -------------------------------------------------------------------------- */

static void write_later(struct session *session, uint32_t delay_ms)
{
	if (!event_pending(session->pen, EV_TIMEOUT, NULL))
		timer_arm(session->pen, delay_ms);
}

/* What stands there stays: a new session would change nothing. */
static bool is_refused(const char *error)
{
	const enum fault fault = fault_of(error);

	return fault == FAULT_PERMISSION || fault == FAULT_SPACE;
}

static void refused(struct session *session, const char *error)
{
	note_error(session, error);
	if (log_throttle_pass(&session->refused, clock_ms()))
		log_warning("fleet: this host has no vote, or an old one, since etcd refuses its "
		            "key %s: %s",
		            session->own_key, session->error);
	session->own.dirty = true;
	write_later(session, REFUSED_MS);
}

static void met_another(struct session *session)
{
	if (!own_key_met_another(&session->own)) {
		write_later(session, CHANGED_MS);
		return;
	}
	session->revision = 0;
	note_error(session, "this host's key is not as its changes say");
	begin_again(session, session->member, next_pause(session));
}

static void written(void *arg, const json_t *answer, const char *error)
{
	struct session *session = arg;

	if (error && is_refused(error)) {
		refused(session, error);
	} else if (error) {
		session->own.dirty = true;
		fail_or_renew(session, error);
	} else if (reply_true(answer, "succeeded")) {
		session->counts->writes++;
		own_key_written(&session->own, reply_revision(answer), session->lease);
		session->error[0] = '\0';
		if (session->own.dirty)
			write_later(session, 0);
	} else {
		met_another(session);
	}
}

static bool may_write(const struct session *session)
{
	return session->phase == PHASE_RUN && !etcd_is_asking(&session->write) &&
	       own_key_wants_write(&session->own, session->lease);
}

static void on_pen(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;
	char *value;

	(void)fd;
	(void)what;
	if (!may_write(session))
		return;
	/* cppcheck-suppress AssignmentIntegerToAddress ; it takes the pointer for an int */
	value = session->user.own(session->user.arg);
	ask(session, &session->write, ASK_SWAP_PATH,
	    ask_swap(session->own_key, value, session->lease, own_key_basis(&session->own)),
	    CALL_MS, written);
	free(value);
	session->own.dirty = !etcd_is_asking(&session->write);
}

void session_write(struct session *session)
{
	session->own.dirty = true;
	write_later(session, 0);
}

static void set_taken(struct session *session, bool taken)
{
	if (session->name_taken == taken)
		return;
	session->name_taken = taken;
	session->user.changed(session->user.arg);
}

static void see_own(struct session *session, const struct reply_key *key)
{
	const bool mine = !key->deleted && session->user.is_own(session->user.arg, key);

	own_key_seen(&session->own, key, mine, clock_ms());
	if (session->own.holder == OWN_KEY_OTHER)
		return;
	set_taken(session, false);
	write_later(session, 0);
}

/* --- the lease -------------------------------------------------------------------------------- */

static void beaten(void *arg, const json_t *answer, const char *error)
{
	struct session *session = arg;

	if (error) {
		fail_or_renew(session, error);
		return;
	}
	if (!is_same_store(session, reply_result(answer))) {
		begin_again(session, session->member, 0);
		return;
	}
	if (reply_number(reply_result(answer), "TTL") == 0) {
		lose_lease(session);
		note_error(session, "the lease has ended");
		begin_again(session, session->member, 0);
		return;
	}
	/* It has lasted: one that always ends soon is begun again after ever longer pauses. */
	session->tried = 0;
	session->pause_ms = PAUSE_MIN_MS;
	answered(session);
	if (own_key_is_taken(&session->own, clock_ms(), session->config->lease_seconds))
		set_taken(session, true);
}

/*
 * A call costs etcd half a millisecond of CPU. What is left of the lease is time for one that is late,
 * and for another member.
 */
static uint32_t pulse_ms(const struct session *session)
{
	const uint32_t lease_ms = session->config->lease_seconds * 1000;

	return lease_ms < LONG_LEASE_MS ? lease_ms / 3 : lease_ms / 2;
}

static void on_pulse(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	(void)fd;
	(void)what;
	timer_arm(session->pulse, pulse_ms(session));
	if (!etcd_is_asking(&session->beat))
		ask(session, &session->beat, ASK_KEEPALIVE_PATH, ask_lease(session->lease), CALL_MS,
		    beaten);
}

/* --- changes ---------------------------------------------------------------------------------- */

static void see_key(void *arg, const struct reply_key *key)
{
	struct session *session = arg;

	if (strcmp(key->key, session->own_key) == 0)
		see_own(session, key);
	session->user.key(session->user.arg, key);
	if (session->phase >= PHASE_WATCH && key->revision > session->revision)
		session->revision = key->revision;
}

static void run(struct session *session)
{
	session->phase = PHASE_RUN;
	session->error[0] = '\0';
	answered(session);
	timer_arm(session->pulse, pulse_ms(session));
	write_later(session, 0);
	set_state(session, FLEET_SYNCED);
}

/*
 * etcd 3.4 answers "permission denied" to a token that no longer holds, and keeps a lease by it all the
 * same: so the next attempt logs in again, whatever the reason.
 */
static const char *canceled(struct session *session, const json_t *result)
{
	const char *reason = json_string_value(json_object_get(result, "cancel_reason"));

	forget_token(session);
	return reason ? reason : "it has ended the watch";
}

/* Called from within libcurl. */
static const char *see_changes(void *arg, const json_t *line)
{
	struct session *session = arg;
	const json_t *result = json_object_get(line, "result");

	if (reply_number(result, "compact_revision")) {
		session->revision = 0;
		return "the changes since the last one that was seen have been compacted";
	}
	if (reply_true(result, "canceled"))
		return canceled(session, result);
	if (reply_true(result, "created") && session->phase == PHASE_WATCH)
		run(session);
	session->user.malformed(session->user.arg, reply_changes(result, see_key, session));
	return NULL;
}

static void watch_ended(void *arg, const json_t *answer, const char *error)
{
	struct session *session = arg;

	(void)answer;
	if (session->revision == 0) {
		note_error(session, error);
		begin_again(session, session->member, next_pause(session));
		return;
	}
	fail_or_renew(session, error);
}

/* From the last one that was seen on: to see it twice does no harm, and it may be one of several. */
static void watch(struct session *session)
{
	session->phase = PHASE_WATCH;
	timer_arm(session->step, CALL_MS);
	session->watch = (struct etcd_call){ .member = member_of(session),
		                             .path = ASK_WATCH_PATH,
		                             .token = session->token,
		                             .timeout_ms = CALL_MS,
		                             .done = watch_ended,
		                             .line = see_changes,
		                             .arg = session };
	if (!etcd_ask(session->etcd, &session->watch,
	              ask_watch(session->prefix, session->revision)))
		fail(session, session->watch.error);
}

/* --- all keys --------------------------------------------------------------------------------- */

static void read_page(struct session *session);

static void forget_page(struct session *session)
{
	free(session->page_after);
	session->page_after = NULL;
	session->page_revision = 0;
}

static void see_page_key(void *arg, const struct reply_key *key)
{
	struct session *session = arg;

	free(session->page_after);
	session->page_after = memory_strdup(key->key);
	session->page_keys++;
	see_key(session, key);
}

static void end_pages(struct session *session)
{
	session->revision = session->page_revision;
	forget_page(session);
	session->user.end(session->user.arg);
	session->counts->resyncs++;
	watch(session);
}

static void page_read(void *arg, const json_t *answer, const char *error)
{
	struct session *session = arg;

	if (error) {
		fail_or_renew(session, error);
		return;
	}
	if (session->page_revision == 0)
		session->page_revision = reply_revision(answer);
	session->page_keys = 0;
	session->user.malformed(session->user.arg, reply_keys(answer, see_page_key, session));
	if (reply_true(answer, "more") && session->page_keys > 0)
		read_page(session);
	else
		end_pages(session);
}

static void read_page(struct session *session)
{
	ask(session, &session->call, ASK_RANGE_PATH,
	    ask_range(session->prefix, session->page_after, PAGE, session->page_revision), RANGE_MS,
	    page_read);
}

static void read_all(struct session *session)
{
	session->phase = PHASE_RANGE;
	forget_page(session);
	own_key_unknown(&session->own);
	session->user.begin(session->user.arg);
	read_page(session);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static void follow(struct session *session)
{
	if (session->revision)
		watch(session);
	else
		read_all(session);
}

static void granted(void *arg, const json_t *answer, const char *error)
{
	struct session *session = arg;

	if (error) {
		fail_or_renew(session, error);
		return;
	}
	is_same_store(session, answer);
	session->lease = reply_number(answer, "ID");
	if (session->lease)
		follow(session);
	else
		fail(session, "it gives no lease");
}

static void grant(struct session *session)
{
	ask(session, &session->call, ASK_GRANT_PATH, ask_grant(session->config->lease_seconds),
	    CALL_MS, granted);
}

/* A lease that is not known is kept for no time. */
static void kept(void *arg, const json_t *answer, const char *error)
{
	struct session *session = arg;
	const json_t *result = reply_result(answer);

	if (error) {
		fail_or_renew(session, error);
		return;
	}
	if (is_same_store(session, result) && reply_number(result, "TTL") > 0) {
		follow(session);
		return;
	}
	lose_lease(session);
	grant(session);
}

static void lease(struct session *session)
{
	session->phase = PHASE_LEASE;
	if (session->lease)
		ask(session, &session->call, ASK_KEEPALIVE_PATH, ask_lease(session->lease), CALL_MS,
		    kept);
	else
		grant(session);
}

static void logged_in(void *arg, const json_t *answer, const char *error)
{
	struct session *session = arg;
	const char *token = json_string_value(json_object_get(answer, "token"));

	if (!error && (!token || strlen(token) > 900 || token[strcspn(token, "\r\n")]))
		error = "it gives no token";
	if (error) {
		fail(session, error);
		return;
	}
	session->token = memory_strdup(token);
	lease(session);
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;
	const struct fleet_config *config = session->config;

	(void)fd;
	(void)what;
	if (session->phase == PHASE_WATCH) {
		fail(session, "it does not begin to watch in time");
		return;
	}
	if (session->phase != PHASE_PAUSE)
		return;
	if (!config->user || session->token) {
		lease(session);
		return;
	}
	session->phase = PHASE_LOGIN;
	ask(session, &session->call, ASK_LOGIN_PATH, ask_login(config->user, config->password),
	    LOGIN_MS, logged_in);
}

/* --- orders ----------------------------------------------------------------------------------- */

bool session_order(struct session *session, const char *key, const char *value, uint32_t seconds,
                   fleet_done *done, void *arg, char error[FLEET_ERROR_MAX])
{
	if (session->phase == PHASE_RUN)
		return outbox_send(&session->outbox, member_of(session), key, value, seconds, done,
		                   arg, error);
	snprintf(error, FLEET_ERROR_MAX, "etcd does not answer: %.200s",
	         session->error[0] ? session->error : "it has just been asked");
	return false;
}

void session_forget(struct session *session, const void *arg)
{
	outbox_forget(&session->outbox, arg);
}

/* --- start and end ---------------------------------------------------------------------------- */

static struct event *timer(struct session *session, struct event_base *base, event_callback_fn call)
{
	struct event *event = event_new(base, -1, 0, call, session);

	if (!event)
		log_fatal("out of memory");
	return event;
}

struct session *session_new(struct event_base *base, const struct fleet_config *config,
                            const struct session_user *user, struct fleet_counts *counts)
{
	struct session *session = memory_calloc(1, sizeof(*session));
	char key[1024];
	uint32_t random;

	session->etcd = etcd_new(base, config);
	if (!session->etcd) {
		free(session);
		return NULL;
	}
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	session->config = config;
	session->user = *user;
	session->counts = counts;
	snprintf(key, sizeof(key), "%s/", config->prefix);
	session->prefix = memory_strdup(key);
	snprintf(key, sizeof(key), "%s/hosts/%s", config->prefix, config->host);
	session->own_key = memory_strdup(key);
	session->state = FLEET_JOINING;
	session->since = time(NULL);
	session->pause_ms = PAUSE_MIN_MS;
	session->member = random % config->etcd_count;
	outbox_init(&session->outbox, session->etcd, session->prefix, config->user,
	            &session->token);
	session->step = timer(session, base, on_step);
	session->pulse = timer(session, base, on_pulse);
	session->pen = timer(session, base, on_pen);
	session->loss = timer(session, base, on_loss);
	timer_arm(session->step, 0);
	timer_arm(session->loss, FLEET_START_MS);
	return session;
}

void session_free(struct session *session, bool leave)
{
	outbox_end(&session->outbox, "the configuration has changed, or the daemon ends");
	stop_calls(session);
	if (leave && session->lease && session->phase == PHASE_RUN)
		etcd_tell(session->etcd, member_of(session), session->token, ASK_REVOKE_PATH,
		          ask_lease(session->lease), LEAVE_MS);
	event_free(session->step);
	event_free(session->pulse);
	event_free(session->pen);
	event_free(session->loss);
	etcd_free(session->etcd);
	forget_page(session);
	free(session->token);
	free(session->prefix);
	free(session->own_key);
	free(session);
}

void session_link(const struct session *session, struct fleet_link *link)
{
	*link = (struct fleet_link){ .state = session->state,
		                     .since = session->since,
		                     .name_taken = session->name_taken,
		                     .member = member_of(session),
		                     .error = session->error[0] ? session->error : NULL,
		                     .host = session->config->host,
		                     .site = session->config->site,
		                     .prefix = session->config->prefix,
		                     .lease_seconds = session->config->lease_seconds };
}
