#include "probe/probe.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/printable.h"
#include "base/timer.h"
#include "net/edge.h"
#include "probe/lag.h"
#include "probe/queue.h"
#include "probe/schedule.h"
#include "probe/tally.h"
#include "probe/wheel.h"

/* Idle sockets must not need a descriptor that others want: at most this part of all attempts'. */
#define IN_FLIGHT_PER_SPARE 8u

enum phase {
	PHASE_IDLE,    /* the timer is set to the next attempt */
	PHASE_WAITING, /* due, and in a queue */
	PHASE_RUNNING, /* the timer is set to the attempt's deadline */
	PHASE_ENDING   /* within done() */
};

/*
 * Kept small, since there may be 100,000: the timer is used both for the schedule and for the
 * deadline, and what belongs to the subject stays there.
 */
struct probe {
	union {
		struct queue_item waiting; /* in PHASE_WAITING */
		struct wheel_item timer;   /* in all others */
	};
	struct prober *prober;
	const struct probe_kind *kind;
	const struct probe_subject *subject;
	void *attempt;
	uint64_t started_us;
	time_t expires;
	/* From the start until the peer last sent something in this attempt; 0 if it never did. */
	uint32_t answered_us;
	uint32_t part_us[PROBE_PARTS];
	uint32_t limit_ms; /* time limit of the attempt, from its start */
	uint32_t hash;
	uint32_t attempts;
	bool is_noted;   /* by the kind */
	bool again;      /* start again as soon as the current attempt has ended */
	bool stays_here; /* this attempt does not leave this host */
	uint8_t phase;   /* enum phase */
};

struct prober {
	struct event_base *base;
	struct edge_set *edges;
	probe_done *done;
	struct wheel wheel;
	struct event clock; /* the event of all timers in the wheel */
	uint64_t clock_us;  /* time at which that is due; UINT64_MAX if it is not armed */
	struct event turn;  /* event that starts waiting probes */
	uint64_t turn_us;   /* time at which that is due, if it is armed */
	struct event tick;  /* armed while attempts are under way */
	struct lag lag;
	struct probe_tally tally;
	struct queue queue;
	uint64_t made;    /* number of probes created */
	bool is_starting; /* within turn_ran() */
};

static struct lag_now lag_clock(void)
{
	struct lag_now now = { .us = clock_us() };
	struct timespec boot;
	uint64_t boot_us;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	boot_us = (uint64_t)boot.tv_sec * 1000000 + (uint64_t)boot.tv_nsec / 1000;
	now.sleep_us = boot_us > now.us ? boot_us - now.us : 0;
	return now;
}

/*
 * libevent counts from the time at which it last woke up, which may be long ago in a long
 * iteration.
 */
static void arm(struct event *timer, uint64_t delay_us)
{
	event_base_update_cache_time(event_get_base(timer));
	timer_arm_us(timer, delay_us);
}

/* Never postpones a time that is already armed: it is then found that nothing is due. */
static void arm_clock(struct prober *prober, uint64_t now_us)
{
	uint64_t due_us;

	if (!wheel_next_us(&prober->wheel, &due_us) || due_us >= prober->clock_us)
		return;
	prober->clock_us = due_us;
	arm(&prober->clock, due_us > now_us ? due_us - now_us : 0);
}

static void set_timer(struct probe *probe, uint64_t due_us, uint64_t now_us)
{
	struct prober *prober = probe->prober;

	wheel_add(&prober->wheel, &probe->timer, due_us);
	if (due_us < prober->clock_us)
		arm_clock(prober, now_us);
}

/* Never postpones a time that is already armed. */
static void arm_turn(struct prober *prober, uint64_t delay_us)
{
	uint64_t due_us = clock_us() + delay_us;

	if (event_pending(&prober->turn, EV_TIMEOUT, NULL) && prober->turn_us <= due_us)
		return;
	prober->turn_us = due_us;
	arm(&prober->turn, delay_us);
}

static void enqueue(struct probe *probe)
{
	struct prober *prober = probe->prober;

	probe->phase = PHASE_WAITING;
	queue_add(&prober->queue, &probe->waiting, probe->kind->cost);
	if (queue_has_room(&prober->queue))
		arm_turn(prober, 0);
}

/* The caller sets the next phase. */
static void dequeue(struct probe *probe)
{
	queue_remove(&probe->prober->queue, &probe->waiting, probe->kind->cost);
	probe->timer = (struct wheel_item){ 0 };
}

static void schedule(struct probe *probe, uint64_t due_us, uint64_t now_us)
{
	if (due_us <= now_us) {
		enqueue(probe);
		return;
	}
	probe->phase = PHASE_IDLE;
	set_timer(probe, due_us, now_us);
}

static void attempt_began(struct prober *prober, const struct probe *probe)
{
	queue_began(&prober->queue, probe->kind->cost);
	if (prober->lag.running)
		return;
	lag_start(&prober->lag, lag_clock());
	arm(&prober->tick, PROBE_LAG_TICK_MS * 1000);
}

/* A tick that is overdue, and will not run, still indicates a stall. */
static void stop_ticking(struct prober *prober)
{
	struct lag_now now = lag_clock();
	uint64_t late_us = lag_overdue_us(&prober->lag, now);

	if (late_us)
		histogram_observe(&prober->tally.late, late_us);
	lag_stop(&prober->lag, now);
	event_del(&prober->tick);
}

/* What a turn does at its end need not be done for each attempt that ends within it. */
static void attempt_over(struct prober *prober, const struct probe *probe)
{
	queue_ended(&prober->queue, probe->kind->cost);
	if (prober->is_starting)
		return;
	if (prober->queue.in_flight == 0)
		stop_ticking(prober);
	if (!queue_is_empty(&prober->queue))
		arm_turn(prober, 0);
}

void probe_begin_again(struct probe *probe)
{
	const struct check *check = probe->subject->check;

	probe->started_us = clock_us();
	probe->answered_us = 0;
	memset(probe->part_us, 0, sizeof(probe->part_us));
	probe->stays_here = false;
	probe->expires = 0;
	probe->limit_ms = check->connect_timeout ? check->connect_timeout : check->timeout;
	set_timer(probe, probe->started_us + (uint64_t)probe->limit_ms * 1000, probe->started_us);
}

static void start(struct probe *probe)
{
	probe->phase = PHASE_RUNNING;
	probe->attempt = NULL;
	probe->attempts++;
	attempt_began(probe->prober, probe);
	probe_begin_again(probe);
	probe->kind->start(probe);
}

/* If there is no verdict because the loop was late, the text also includes the observed result. */
static void describe(struct probe_result *result, bool excused, uint32_t late_ms, const char *text)
{
	char late[DURATION_TEXT_MAX];
	char line[2 * PROBE_DETAIL_MAX];

	if (excused)
		snprintf(line, sizeof(line), "our own loop was late by %s: %s",
		         duration_format(late_ms, late), text);
	printable_clean(result->detail, sizeof(result->detail), excused ? line : text);
}

/* How an attempt ended, before the loop's own lateness is considered. */
struct outcome {
	enum probe_why why;
	enum probe_path path;
	enum probe_cause cause;
};

static const struct outcome timed_out = { WHY_TIMEOUT, PATH_SILENT, PROBE_TIMED_OUT };

/* The same with the lateness considered. */
static enum probe_why judge(const struct outcome *outcome, uint32_t limit_ms, uint32_t late_ms)
{
	enum verdict verdict = probe_why_verdict(outcome->why);

	if (probe_schedule_verdict(verdict, outcome->cause, limit_ms, late_ms) == verdict)
		return outcome->why;
	return WHY_LATE;
}

/* Called for an attempt that ends now. */
static void see_path(struct probe_result *result, const struct probe *probe, enum probe_path path)
{
	if (probe->kind->off_network || probe->stays_here)
		return;
	result->path = result->verdict == VERDICT_NONE ? PATH_UNKNOWN : path;
	if (result->path == PATH_PROVEN)
		result->proven_us = clock_us();
	else if (probe->answered_us)
		result->proven_us = probe->started_us + probe->answered_us;
}

/* The only function that ends an attempt. */
static void complete(struct probe *probe, const struct outcome *outcome, const char *text)
{
	uint32_t late_ms = prober_late_ms(probe->prober, probe->started_us);
	struct probe_result result = { .elapsed_us = clock_us() - probe->started_us,
		                       .expires = probe->expires };
	const enum probe_why why = judge(outcome, probe->limit_ms, late_ms);
	uint64_t now_us, next_us;
	uint32_t delay_ms;

	memcpy(result.part_us, probe->part_us, sizeof(result.part_us));
	result.why = why;
	result.verdict = probe_why_verdict(why);
	see_path(&result, probe, outcome->path);
	describe(&result, why == WHY_LATE, late_ms, text);
	tally_ended(&probe->prober->tally, probe->subject->check->type, why, result.elapsed_us);
	wheel_remove(&probe->prober->wheel, &probe->timer);
	probe->attempt = NULL;
	probe->phase = PHASE_ENDING;
	attempt_over(probe->prober, probe);
	delay_ms = probe->prober->done(probe->subject, &result);
	if (probe->again)
		delay_ms = 0;
	probe->again = false;
	now_us = clock_us();
	next_us = probe_schedule_next_us(probe->hash, probe->attempts, probe->started_us, delay_ms,
	                                 now_us);
	schedule(probe, next_us, now_us);
}

static void deadline(struct probe *probe)
{
	uint64_t now_us = clock_us();
	uint64_t limit_us = probe->started_us + (uint64_t)probe->limit_ms * 1000;
	char text[PROBE_DETAIL_MAX], after[DURATION_TEXT_MAX];
	const char *stage = "start";

	/* It has connected meanwhile. */
	if (now_us < limit_us) {
		set_timer(probe, limit_us, now_us);
		return;
	}
	if (probe->attempt) {
		stage = probe->kind->stage(probe->attempt);
		probe->kind->cancel(probe->attempt);
	}
	snprintf(text, sizeof(text), "timed out in %s after %s", stage,
	         duration_format(probe->limit_ms, after));
	complete(probe, &timed_out, text);
}

static void timer_ran(struct probe *probe)
{
	if (probe->phase == PHASE_RUNNING)
		deadline(probe);
	else
		enqueue(probe);
}

static void clock_ran(evutil_socket_t fd, short what, void *arg)
{
	struct prober *prober = arg;
	uint64_t now_us = clock_us();
	struct wheel_item *item;

	(void)fd;
	(void)what;
	prober->clock_us = UINT64_MAX;
	while ((item = wheel_take(&prober->wheel, now_us)))
		timer_ran((struct probe *)((char *)item - offsetof(struct probe, timer)));
	arm_clock(prober, now_us);
}

static struct probe *probe_of(struct queue_item *item)
{
	return (struct probe *)((char *)item - offsetof(struct probe, waiting));
}

static void turn_ran(evutil_socket_t fd, short what, void *arg)
{
	struct prober *prober = arg;
	struct queue *queue = &prober->queue;
	/* A probe that ends at once and is due again at once waits for the next turn. */
	uint64_t end = queue->numbers, delay_us;
	struct queue_item *item;

	(void)fd;
	(void)what;
	queue_open_window(queue, clock_us());
	prober->is_starting = true;
	for (unsigned i = 0; i < QUEUE_STARTS_A_TURN && queue_has_room(queue); i++) {
		item = queue_next(queue, end);
		if (!item)
			break;
		dequeue(probe_of(item));
		start(probe_of(item));
	}
	prober->is_starting = false;
	if (queue->in_flight == 0 && prober->lag.running)
		stop_ticking(prober);
	if (queue_turn_us(queue, clock_us(), &delay_us))
		arm_turn(prober, delay_us);
}

static void tick_ran(evutil_socket_t fd, short what, void *arg)
{
	struct prober *prober = arg;
	struct lag_now now = lag_clock();

	(void)fd;
	(void)what;
	histogram_observe(&prober->tally.late, lag_overdue_us(&prober->lag, now));
	lag_tick(&prober->lag, now);
	arm(&prober->tick, PROBE_LAG_TICK_MS * 1000);
}

struct prober *prober_new(struct event_base *base, unsigned in_flight_max)
{
	struct prober *prober = memory_calloc(1, sizeof(*prober));

	prober->edges = edge_set_new(base);
	if (!prober->edges) {
		free(prober);
		return NULL;
	}
	prober->base = base;
	edge_spare_limit(prober->edges, in_flight_max / IN_FLIGHT_PER_SPARE);
	queue_init(&prober->queue, in_flight_max);
	wheel_init(&prober->wheel, clock_us());
	prober->clock_us = UINT64_MAX;
	evtimer_assign(&prober->clock, base, clock_ran, prober);
	evtimer_assign(&prober->turn, base, turn_ran, prober);
	evtimer_assign(&prober->tick, base, tick_ran, prober);
	return prober;
}

void prober_tell(struct prober *prober, probe_done *done)
{
	prober->done = done;
}

void prober_free(struct prober *prober)
{
	if (!prober)
		return;
	event_del(&prober->clock);
	event_del(&prober->turn);
	event_del(&prober->tick);
	edge_set_free(prober->edges);
	free(prober);
}

const struct probe_tally *prober_tally(const struct prober *prober)
{
	return &prober->tally;
}

uint32_t prober_late_ms(const struct prober *prober, uint64_t since_us)
{
	return lag_ms(&prober->lag, since_us, lag_clock());
}

struct probe *probe_new(struct prober *prober, const struct probe_kind *kind,
                        const struct probe_subject *subject)
{
	struct probe *probe = memory_calloc(1, sizeof(*probe));
	uint64_t now_us;

	probe->prober = prober;
	probe->kind = kind;
	probe->subject = subject;
	probe->hash = probe_schedule_hash(subject->check, &subject->address, subject->asker.host);
	now_us = clock_us();
	schedule(probe,
	         now_us + probe_schedule_first_us(probe->hash, prober->made++,
	                                          subject->check->interval),
	         now_us);
	return probe;
}

void probe_now(struct probe *probe)
{
	if (!probe || probe->phase != PHASE_IDLE)
		return;
	wheel_remove(&probe->prober->wheel, &probe->timer);
	enqueue(probe);
}

uint32_t probe_afresh(struct probe *probe)
{
	probe->again = probe->phase == PHASE_RUNNING;
	probe_now(probe);
	return probe->attempts + 1;
}

uint32_t probe_count(const struct probe *probe)
{
	return probe->attempts - (probe->phase == PHASE_RUNNING);
}

void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	if (probe->phase == PHASE_WAITING)
		dequeue(probe);
	wheel_remove(&probe->prober->wheel, &probe->timer);
	if (probe->phase == PHASE_RUNNING) {
		if (probe->attempt)
			probe->kind->cancel(probe->attempt);
		attempt_over(probe->prober, probe);
	}
	free(probe);
}

const struct check *probe_check(const struct probe *probe)
{
	return probe->subject->check;
}

const struct address *probe_address(const struct probe *probe)
{
	return &probe->subject->address;
}

const char *probe_host(const struct probe *probe)
{
	return probe->subject->asker.host;
}

const char *probe_endpoint(const struct probe *probe)
{
	return probe->subject->asker.endpoint;
}

const struct probe_kind *probe_kind_of(const struct probe *probe)
{
	return probe->kind;
}

struct event_base *probe_base(const struct probe *probe)
{
	return probe->prober->base;
}

struct edge_set *prober_edges(const struct prober *prober)
{
	return prober->edges;
}

struct edge_set *probe_edges(const struct probe *probe)
{
	return probe->prober->edges;
}

/*
 * If start() has already ended the attempt, there is none: anything the kind sets afterwards is
 * discarded.
 */
void probe_set_attempt(struct probe *probe, void *attempt)
{
	if (probe->phase == PHASE_RUNNING)
		probe->attempt = attempt;
}

void probe_set_expiry(struct probe *probe, time_t expires)
{
	probe->expires = expires;
}

static void finish(struct probe *probe, const struct outcome *outcome, const char *format,
                   va_list args)
{
	char text[PROBE_DETAIL_MAX];

	if (probe->phase != PHASE_RUNNING)
		log_fatal("a probe ended twice");
	vsnprintf(text, sizeof(text), format, args);
	complete(probe, outcome, text);
}

void probe_finish(struct probe *probe, enum probe_why why, const char *format, ...)
{
	const struct outcome outcome = { why, PATH_PROVEN, PROBE_ENDED };
	va_list args;

	va_start(args, format);
	finish(probe, &outcome, format, args);
	va_end(args);
}

void probe_finish_path(struct probe *probe, enum probe_why why, enum probe_path path,
                       const char *format, ...)
{
	const struct outcome outcome = { why, path, PROBE_ENDED };
	va_list args;

	va_start(args, format);
	finish(probe, &outcome, format, args);
	va_end(args);
}

/* The clock has a late loop see the start and what follows within one tick: never 0. */
static uint32_t since_start(const struct probe *probe, uint64_t when_us)
{
	uint64_t us = when_us > probe->started_us ? when_us - probe->started_us : 1;

	return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

void probe_peer_answered(struct probe *probe)
{
	probe->answered_us = since_start(probe, clock_us());
	probe->limit_ms = probe->subject->check->timeout;
}

void probe_reached(struct probe *probe, enum probe_part part, uint64_t when_us)
{
	probe->part_us[part] = since_start(probe, when_us);
}

void probe_note(struct probe *probe)
{
	probe->is_noted = true;
}

bool probe_is_noted(const struct probe *probe)
{
	return probe->is_noted;
}

void probe_stays_here(struct probe *probe)
{
	probe->stays_here = true;
}
