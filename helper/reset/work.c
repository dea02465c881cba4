#include "reset/work.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "reset/diag.h"
#include "reset/pace.h"
#include "reset/snapshot.h"
#include "serve/allow.h"

#include "shunt/table.h"

#define ENTRIES_MAX (4 * SNAPSHOT_MAX) /* of all requests that are not done */

struct job {
	struct shunt_reset_request request;
	struct snapshot snapshot;
	size_t next; /* the first entry that is not done */
	struct diag_result result;
	TAILQ_ENTRY(job) link;
};

struct work {
	const struct allow *allow;
	struct diag *diag;
	work_reply *reply;
	void *arg;
	struct pace pace;
	TAILQ_HEAD(, job) jobs;
	size_t job_count, entry_count;
};

struct work *work_new(const struct allow *allow, struct diag *diag, work_reply *reply, void *arg)
{
	struct work *work = memory_calloc(1, sizeof(*work));

	work->allow = allow;
	work->diag = diag;
	work->reply = reply;
	work->arg = arg;
	pace_init(&work->pace, allow_rate(allow), clock_ms());
	TAILQ_INIT(&work->jobs);
	return work;
}

static void drop(struct work *work, struct job *job)
{
	TAILQ_REMOVE(&work->jobs, job, link);
	work->job_count--;
	work->entry_count -= job->snapshot.count;
	snapshot_free(&job->snapshot);
	free(job);
}

void work_free(struct work *work)
{
	while (!TAILQ_EMPTY(&work->jobs))
		drop(work, TAILQ_FIRST(&work->jobs));
	free(work);
}

/* --- requests --------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static bool refuse(const struct work *work, uint32_t job,
                                                         const char *format, ...)
{
	struct shunt_reset_reply reply = { .version = SHUNT_RESET_VERSION,
		                           .kind = SHUNT_RESET_REFUSED,
		                           .job = job };
	va_list args;

	va_start(args, format);
	vsnprintf(reply.text, sizeof(reply.text), format, args);
	va_end(args);
	log_warning("a request is refused: %s", reply.text);
	work->reply(work->arg, &reply);
	return false;
}

static struct address peer_of(const struct shunt_reset_request *request)
{
	struct address peer = { .family = request->family, .scope_id = request->scope_id };

	memcpy(peer.byte, request->byte, sizeof(peer.byte));
	return peer;
}

static bool check_form(const struct work *work, const struct shunt_reset_request *request)
{
	if (request->version != SHUNT_RESET_VERSION)
		return refuse(work, request->job,
		              "shuntd and shunt-reset are of different releases; restart shuntd");
	if (request->port_count < 1 || request->port_count > SHUNT_RESET_PORTS_MAX ||
	    (request->family != SHUNT_FAMILY_IPV4 && request->family != SHUNT_FAMILY_IPV6) ||
	    request->flags & ~SHUNT_RESET_DRY_RUN)
		return refuse(work, request->job, "the request is damaged");
	if (work->job_count >= SHUNT_RESET_JOBS_MAX)
		return refuse(work, request->job, "%u requests are not done yet",
		              SHUNT_RESET_JOBS_MAX);
	return true;
}

static bool check_allowed(const struct work *work, const struct shunt_reset_request *request)
{
	const struct address peer = peer_of(request);
	char text[ADDRESS_TEXT_MAX];

	for (uint32_t i = 0; i < request->port_count; i++) {
		if (!allow_reset(work->allow, &peer, request->port[i]))
			return refuse(work, request->job,
			              "%s port %u is no record's in the configuration",
			              address_format(&peer, text), request->port[i]);
	}
	return true;
}

static void reply_count(const struct work *work, const struct job *job, uint32_t kind)
{
	struct shunt_reset_reply reply = {
		.version = SHUNT_RESET_VERSION,
		.kind = kind,
		.job = job->request.job,
		.found = (uint32_t)job->snapshot.total,
		.reset = (uint32_t)job->result.reset,
		.gone = (uint32_t)job->result.gone,
		.kept = (uint32_t)(job->result.kept + job->snapshot.kept),
	};

	work->reply(work->arg, &reply);
}

static void log_done(const struct job *job)
{
	const struct address peer = peer_of(&job->request);
	char text[ADDRESS_TEXT_MAX];

	log_info("%s: reset %zu of %zu connections (%zu were gone, %zu cannot be reset)",
	         address_format(&peer, text), job->result.reset, job->snapshot.total,
	         job->result.gone, job->result.kept + job->snapshot.kept);
}

static void finish(struct work *work, struct job *job)
{
	if (job->snapshot.count > 0)
		log_done(job);
	reply_count(work, job, SHUNT_RESET_DONE);
	drop(work, job);
}

void work_take(struct work *work, const struct shunt_reset_request *request)
{
	const struct address peer = peer_of(request);
	struct job *job;

	if (!check_form(work, request) || !check_allowed(work, request))
		return;
	job = memory_calloc(1, sizeof(*job));
	job->request = *request;
	TAILQ_INSERT_TAIL(&work->jobs, job, link);
	work->job_count++;
	if (!diag_find(work->diag,
	               &(struct diag_peer){ &peer, job->request.port, job->request.port_count },
	               &job->snapshot) ||
	    work->entry_count + job->snapshot.count > ENTRIES_MAX) {
		refuse(work, request->job, "the connections cannot be listed: %s",
		       errno ? strerror(errno) : "there are too many");
		job->snapshot.count = 0;
		drop(work, job);
		return;
	}
	reply_count(work, job, SHUNT_RESET_FOUND);
	if (request->flags & SHUNT_RESET_DRY_RUN)
		job->snapshot.count = 0;
	work->entry_count += job->snapshot.count;
	if (job->snapshot.count == 0)
		finish(work, job);
}

/* --- turns ------------------------------------------------------------------------------------ */

static void advance(struct work *work, struct job *job, size_t count)
{
	if (!diag_destroy(work->diag, &job->snapshot.entries[job->next], count, &job->result)) {
		refuse(work, job->request.job, "the kernel does not reset connections: %s",
		       strerror(errno));
		drop(work, job);
		return;
	}
	job->next += count;
	if (job->next == job->snapshot.count)
		finish(work, job);
}

void work_run(struct work *work, uint64_t now_ms)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&work->jobs)) != NULL) {
		const size_t left = job->snapshot.count - job->next;
		const uint32_t may = pace_take(
		        &work->pace, (uint32_t)(left < DIAG_BATCH ? left : DIAG_BATCH), now_ms);

		if (may == 0)
			return;
		advance(work, job, may);
	}
}

int work_wait_ms(const struct work *work)
{
	return TAILQ_EMPTY(&work->jobs) ? -1 : (int)pace_wait_ms(&work->pace);
}
