#include "reset/reset.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "reset/link.h"

#define ANSWER_MS 5000u      /* to list the connections, and beyond the time that resets take */
#define TURN_MS 200u         /* interval between looks at deadlines */
#define RETRY_FIRST_MS 1000u /* doubles */
#define RETRY_MOST_MS 30000u
#define IN_FLIGHT_MAX 128u /* jobs that the helper has; less than SHUNT_RESET_JOBS_MAX */
#define JOBS_MAX 65536u
#define WAIT_MS 10000u /* after which an order is not sent any more */

/* One address of an order. */
struct job {
	struct reset_order *order;
	struct shunt_reset_request request;
	const struct link *link; /* that it was sent on; NULL: it waits */
	uint32_t found;          /* once it is listed */
	uint64_t asked_ms;
	uint64_t deadline_ms;
	TAILQ_ENTRY(job) next;
};

TAILQ_HEAD(job_list, job);

struct reset {
	struct event_base *base;
	char *path; /* NULL: there is no helper for this daemon */
	bool wanted;
	struct link *link;       /* NULL: none is tried now */
	struct link *retiring;   /* of the configuration before; NULL: none */
	struct job_list waiting; /* for a link */
	struct job_list sent;    /* at most IN_FLIGHT_MAX for a link */
	size_t job_count;        /* of both */
	uint32_t last_job;
	struct event *turn;  /* while there are jobs, or a link that is not needed */
	struct event *retry; /* while the helper is wanted and not there */
	uint32_t retry_ms;
	struct orders_log orders;
	struct orders_counts sums;
	char trouble[320]; /* "": none */
};

/* --- jobs ------------------------------------------------------------------------------------- */

static void end_job(struct reset *reset, struct job *job, const struct order_counts *counts,
                    const char *error)
{
	TAILQ_REMOVE(job->link ? &reset->sent : &reset->waiting, job, next);
	reset->job_count--;
	orders_advance(&reset->orders, job->order, counts, error, &reset->sums);
	free(job);
}

static void fail_waiting(struct reset *reset, const char *why)
{
	const struct order_counts nothing = { 0 };

	while (!TAILQ_EMPTY(&reset->waiting))
		end_job(reset, TAILQ_FIRST(&reset->waiting), &nothing, why);
}

static void fail_sent(struct reset *reset, const struct link *link, const char *why)
{
	const struct order_counts nothing = { 0 };
	struct job *job = TAILQ_FIRST(&reset->sent);

	while (job) {
		struct job *next = TAILQ_NEXT(job, next);

		if (job->link == link)
			end_job(reset, job, &nothing, why);
		job = next;
	}
}

/* The jobs that were sent on the link, and the connections that were listed for them. */
static size_t count_sent(const struct reset *reset, const struct link *link, uint64_t *found)
{
	const struct job *job;
	size_t count = 0;

	*found = 0;
	TAILQ_FOREACH (job, &reset->sent, next) {
		count += job->link == link;
		*found += job->link == link ? job->found : 0;
	}
	return count;
}

/* What is sent on a link now has all of its resets before it. */
static uint64_t deadline(const struct reset *reset, const struct link *link)
{
	uint64_t found;

	count_sent(reset, link, &found);
	return clock_ms() + ANSWER_MS + 2000 * found / link_rate(link);
}

/* The helper has shown a sign of life. */
static void extend_deadlines(struct reset *reset, const struct link *link)
{
	const uint64_t later = deadline(reset, link);
	struct job *job;

	TAILQ_FOREACH (job, &reset->sent, next) {
		if (job->link == link)
			job->deadline_ms = later;
	}
}

/*
 * The helper lists what is connected when it gets an order. Long after the decision that may be new
 * connections, to an endpoint that has come back.
 */
static void expire_waiting(struct reset *reset)
{
	const struct order_counts nothing = { 0 };
	const uint64_t now_ms = clock_ms();
	struct job *job;

	while ((job = TAILQ_FIRST(&reset->waiting)) != NULL && now_ms - job->asked_ms > WAIT_MS)
		end_job(reset, job, &nothing, "too many others came first");
}

static void send_jobs(struct reset *reset)
{
	uint64_t found, due;
	struct job *job;
	size_t sent;

	if (!reset->link || !link_is_ready(reset->link))
		return;
	expire_waiting(reset);
	sent = count_sent(reset, reset->link, &found);
	due = deadline(reset, reset->link);
	while ((job = TAILQ_FIRST(&reset->waiting)) != NULL && sent++ < IN_FLIGHT_MAX &&
	       link_send(reset->link, &job->request)) {
		TAILQ_REMOVE(&reset->waiting, job, next);
		TAILQ_INSERT_TAIL(&reset->sent, job, next);
		job->link = reset->link;
		job->deadline_ms = due;
	}
}

static struct job *find_job(struct reset *reset, uint32_t number)
{
	struct job *job;

	TAILQ_FOREACH (job, &reset->sent, next) {
		if (job->request.job == number)
			return job;
	}
	return NULL;
}

/* --- the connection to the helper ------------------------------------------------------------- */

static void connect_now(struct reset *reset);

static void set_trouble(struct reset *reset, const char *why)
{
	if (*why && reset->wanted && strcmp(why, reset->trouble) != 0)
		log_warning("connections cannot be reset: %s", why);
	snprintf(reset->trouble, sizeof(reset->trouble), "%s", why);
}

static void on_ready(void *arg)
{
	struct reset *reset = arg;

	if (*reset->trouble && reset->wanted)
		log_info("connections can be reset again");
	set_trouble(reset, "");
	reset->retry_ms = RETRY_FIRST_MS;
	send_jobs(reset);
}

static void on_reply(void *arg, const struct shunt_reset_reply *reply)
{
	struct reset *reset = arg;
	struct job *job = find_job(reset, reply->job);
	const bool refused = reply->kind == SHUNT_RESET_REFUSED;
	const struct order_counts counts = { reply->found, reply->reset, reply->gone, reply->kept };
	const struct link *link = job ? job->link : NULL;

	if (!job)
		return;
	if (reply->kind == SHUNT_RESET_FOUND)
		job->found = reply->found;
	else
		end_job(reset, job, &counts, refused ? reply->text : NULL);
	extend_deadlines(reset, link);
	send_jobs(reset);
}

static void try_later(struct reset *reset)
{
	if (!reset->wanted || !reset->path)
		return;
	timer_arm(reset->retry, reset->retry_ms);
	reset->retry_ms = 2 * reset->retry_ms < RETRY_MOST_MS ? 2 * reset->retry_ms : RETRY_MOST_MS;
}

static void lose(struct reset *reset, const char *why)
{
	struct link *link = reset->link;

	reset->link = NULL;
	set_trouble(reset, why);
	fail_sent(reset, link, why);
	fail_waiting(reset, why);
	link_free(link);
	try_later(reset);
}

static void on_ended(void *arg, const char *why)
{
	lose(arg, why);
}

/* The configuration before had this link: what it was asked is not done, and nobody is asked again. */
static void on_retired_ended(void *arg, const char *why)
{
	struct reset *reset = arg;
	struct link *link = reset->retiring;

	reset->retiring = NULL;
	fail_sent(reset, link, why);
	link_free(link);
}

static void connect_now(struct reset *reset)
{
	const struct link_events events = {
		.ready = on_ready, .reply = on_reply, .ended = on_ended, .arg = reset
	};

	event_del(reset->retry);
	if (!reset->link)
		reset->link = link_new(reset->base, reset->path, &events);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	connect_now(arg);
}

/* --- turns ------------------------------------------------------------------------------------ */

static bool is_late(const struct reset *reset, const struct link *link)
{
	const uint64_t now_ms = clock_ms();
	const struct job *job;

	TAILQ_FOREACH (job, &reset->sent, next) {
		if (job->link == link && now_ms >= job->deadline_ms)
			return true;
	}
	return false;
}

static bool is_idle(const struct reset *reset, const struct link *link)
{
	uint64_t found;

	return count_sent(reset, link, &found) == 0;
}

static void close_idle(struct reset *reset)
{
	if (reset->retiring && is_idle(reset, reset->retiring))
		on_retired_ended(reset, "");
	if (reset->link && !reset->wanted && reset->job_count == 0) {
		link_free(reset->link);
		reset->link = NULL;
	}
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	static const char silent[] = "shunt-reset does not answer";
	struct reset *reset = arg;

	(void)fd;
	(void)what;
	if (reset->retiring && is_late(reset, reset->retiring))
		on_retired_ended(reset, silent);
	if (reset->link && is_late(reset, reset->link))
		lose(reset, silent);
	send_jobs(reset);
	close_idle(reset);
	if (reset->job_count > 0 || reset->retiring || (reset->link && !reset->wanted))
		timer_arm(reset->turn, TURN_MS);
}

/* --- orders ----------------------------------------------------------------------------------- */

static void add_job(struct reset *reset, struct reset_order *order, const struct reset_want *want,
                    const struct address *address)
{
	const struct address peer = address_unmapped(address);
	struct job *job = memory_calloc(1, sizeof(*job));

	job->order = order;
	job->asked_ms = clock_ms();
	job->request = (struct shunt_reset_request){
		.version = SHUNT_RESET_VERSION,
		.job = ++reset->last_job ? reset->last_job : ++reset->last_job,
		.flags = want->dry_run ? SHUNT_RESET_DRY_RUN : 0,
		.family = peer.family,
		.scope_id = peer.scope_id,
		.port_count = (uint32_t)want->port_count,
	};
	memcpy(job->request.byte, peer.byte, sizeof(job->request.byte));
	memcpy(job->request.port, want->ports, want->port_count * sizeof(*want->ports));
	TAILQ_INSERT_TAIL(&reset->waiting, job, next);
	reset->job_count++;
}

/* Before there are jobs: all of its addresses fail at once. */
static void fail_order(struct reset *reset, struct reset_order *order, const char *why)
{
	const struct order_counts nothing = { 0 };

	order->left = 1;
	orders_advance(&reset->orders, order, &nothing, why, &reset->sums);
}

uint64_t reset_ask(struct reset *reset, const struct reset_want *want)
{
	struct reset_order *order = orders_add(&reset->orders, want->record, want->endpoint);
	const uint64_t number = order->number;

	order->cause = want->cause;
	order->dry_run = want->dry_run;
	if (!reset->path || reset->job_count + want->address_count > JOBS_MAX) {
		fail_order(reset, order,
		           reset->path ? "too many connections are being reset"
		                       : "a private daemon resets no connections");
		return number;
	}
	order->left = (unsigned)want->address_count;
	for (size_t i = 0; i < want->address_count; i++)
		add_job(reset, order, want, &want->addresses[i]);
	connect_now(reset);
	send_jobs(reset);
	timer_arm(reset->turn, TURN_MS);
	return number;
}

/* --- start, reload, stop ---------------------------------------------------------------------- */

static struct event *timer(struct reset *reset, event_callback_fn callback)
{
	struct event *event = evtimer_new(reset->base, callback, reset);

	if (!event)
		log_fatal("out of memory");
	return event;
}

struct reset *reset_new(struct event_base *base)
{
	struct reset *reset = memory_calloc(1, sizeof(*reset));

	reset->base = base;
	reset->turn = timer(reset, on_turn);
	reset->retry = timer(reset, on_retry);
	reset->retry_ms = RETRY_FIRST_MS;
	TAILQ_INIT(&reset->waiting);
	TAILQ_INIT(&reset->sent);
	orders_init(&reset->orders);
	return reset;
}

static void free_jobs(struct job_list *jobs)
{
	struct job *job;

	while ((job = TAILQ_FIRST(jobs)) != NULL) {
		TAILQ_REMOVE(jobs, job, next);
		free(job);
	}
}

void reset_free(struct reset *reset)
{
	if (!reset)
		return;
	link_free(reset->link);
	link_free(reset->retiring);
	free_jobs(&reset->waiting);
	free_jobs(&reset->sent);
	orders_free(&reset->orders);
	event_free(reset->turn);
	event_free(reset->retry);
	free(reset->path);
	free(reset);
}

/* Lets the link finish what it was asked; a second one that does so is given up. */
static void retire(struct reset *reset)
{
	if (reset->retiring)
		on_retired_ended(reset, "the configuration was read again meanwhile");
	reset->retiring = reset->link;
	reset->link = NULL;
	if (reset->retiring)
		link_set_ended(reset->retiring, on_retired_ended);
}

void reset_configure(struct reset *reset, const char *path, bool wanted)
{
	retire(reset);
	free(reset->path);
	reset->path = path ? memory_strdup(path) : NULL;
	reset->wanted = wanted && path;
	reset->retry_ms = RETRY_FIRST_MS;
	event_del(reset->retry);
	set_trouble(reset, "");
	if (path && (reset->wanted || reset->job_count > 0))
		connect_now(reset);
	timer_arm(reset->turn, TURN_MS);
}

/* --- for readers ------------------------------------------------------------------------------ */

const struct orders_log *reset_orders(const struct reset *reset)
{
	return &reset->orders;
}

struct orders_counts reset_sums(const struct reset *reset)
{
	return reset ? reset->sums : (struct orders_counts){ 0 };
}

bool reset_is_wanted(const struct reset *reset)
{
	return reset && reset->wanted;
}

bool reset_is_ready(const struct reset *reset)
{
	return reset && reset->link && link_is_ready(reset->link);
}

const char *reset_trouble(const struct reset *reset)
{
	return reset && *reset->trouble ? reset->trouble : NULL;
}
