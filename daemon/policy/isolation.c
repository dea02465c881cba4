#include "policy/isolation.h"

void isolation_init(struct isolation *isolation)
{
	*isolation = (struct isolation){ .epoch = 1 };
	TAILQ_INIT(&isolation->sites);
	TAILQ_INIT(&isolation->held);
}

static void begin_epoch(struct isolation *isolation)
{
	isolation->epoch++;
	isolation->lost = 0;
}

static void hold(struct isolation *isolation, struct isolation_site *site)
{
	if (TAILQ_EMPTY(&isolation->held))
		begin_epoch(isolation);
	if (site->held++ == 0)
		TAILQ_INSERT_TAIL(&isolation->held, site, waiting);
}

static unsigned let_go(struct isolation *isolation, struct isolation_site *site)
{
	unsigned held = site->held;

	if (held)
		TAILQ_REMOVE(&isolation->held, site, waiting);
	site->held = 0;
	return held;
}

static void lose(struct isolation *isolation, struct isolation_site *site)
{
	isolation->lost += site->lost != isolation->epoch;
	site->lost = isolation->epoch;
}

static void end_silence(struct isolation *isolation, struct isolation_site *site)
{
	if (!site->silent)
		return;
	let_go(isolation, site);
	isolation->lost -= site->lost == isolation->epoch;
	site->lost = 0;
	site->since_us = 0;
	site->silent = 0;
	site->gone = false;
}

void isolation_add(struct isolation *isolation, struct isolation_site *site,
                   const struct address *address)
{
	if (site->listed)
		return;
	site->address = address;
	site->listed = true;
	TAILQ_INSERT_TAIL(&isolation->sites, site, place);
	isolation->count++;
}

void isolation_remove(struct isolation *isolation, struct isolation_site *site)
{
	if (!site->listed)
		return;
	end_silence(isolation, site);
	site->listed = false;
	TAILQ_REMOVE(&isolation->sites, site, place);
	isolation->count--;
}

/* A mapped address leads where the IPv4 address does. */
static bool is_same_place(const struct address *a, const struct address *b)
{
	const struct address one = address_unmapped(a), other = address_unmapped(b);

	return address_compare(&one, &other) == 0;
}

/*
 * Whether there are at least two different addresses. Comparing the first two sites is nearly
 * always enough.
 */
static bool can_compare(const struct isolation *isolation)
{
	const struct isolation_site *first = TAILQ_FIRST(&isolation->sites);
	const struct isolation_site *site;

	if (isolation->off)
		return false;
	TAILQ_FOREACH (site, &isolation->sites, place) {
		if (!is_same_place(site->address, first->address))
			return true;
	}
	return false;
}

static void begin(struct isolation *isolation, uint64_t now_us)
{
	struct isolation_site *site;

	isolation->isolated = true;
	isolation->began_us = now_us;
	while ((site = TAILQ_FIRST(&isolation->held)))
		let_go(isolation, site);
}

static void end(struct isolation *isolation, uint64_t now_us)
{
	struct isolation_site *site;

	isolation->isolated = false;
	isolation->ended_us = now_us;
	TAILQ_FOREACH (site, &isolation->sites, place) {
		end_silence(isolation, site);
	}
}

bool isolation_heard(struct isolation *isolation, uint64_t when_us)
{
	if (when_us > isolation->heard_us) {
		isolation->heard_us = when_us;
		begin_epoch(isolation);
	}
	if (!isolation->isolated || when_us <= isolation->began_us)
		return false;
	end(isolation, when_us);
	return true;
}

void isolation_answered(struct isolation *isolation, struct isolation_site *site)
{
	end_silence(isolation, site);
	TAILQ_REMOVE(&isolation->sites, site, place);
	TAILQ_INSERT_HEAD(&isolation->sites, site, place);
}

enum isolation_verdict isolation_silent(struct isolation *isolation, struct isolation_site *site,
                                        unsigned needed, uint64_t started_us, uint64_t now_us)
{
	bool counts;

	if (started_us < isolation->ended_us)
		return ISOLATION_NEVER;
	if (site->silent++ == 0)
		site->since_us = now_us;
	site->gone |= site->silent >= needed;
	if (isolation->isolated) {
		if (site->gone)
			lose(isolation, site);
		return ISOLATION_NEVER;
	}
	counts = isolation->heard_us > site->since_us || !can_compare(isolation);
	if (!counts)
		hold(isolation, site);
	if (site->gone)
		lose(isolation, site);
	if (TAILQ_EMPTY(&isolation->held) || isolation->lost < isolation->count)
		return counts ? ISOLATION_COUNTS : ISOLATION_HELD;
	begin(isolation, now_us);
	return ISOLATION_NEVER;
}

struct isolation_site *isolation_due(struct isolation *isolation, unsigned *failures)
{
	struct isolation_site *site = TAILQ_FIRST(&isolation->held);

	if (!site || (isolation->heard_us <= site->since_us && can_compare(isolation)))
		return NULL;
	*failures = let_go(isolation, site);
	return site;
}

bool isolation_recount(struct isolation *isolation, uint64_t now_us)
{
	if (!isolation->isolated || can_compare(isolation))
		return false;
	end(isolation, now_us);
	return true;
}

struct isolation_site *isolation_witness(struct isolation *isolation)
{
	struct isolation_site *site = TAILQ_FIRST(&isolation->sites);

	if (!site)
		return NULL;
	TAILQ_REMOVE(&isolation->sites, site, place);
	TAILQ_INSERT_TAIL(&isolation->sites, site, place);
	return site;
}
