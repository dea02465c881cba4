#include "attach/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "attach/attempt.h"
#include "attach/welcome.h"
#include "core/hot.h"
#include "core/table.h"
#include "core/tick.h"
#include "shunt/protocol.h"

#define RETRY_TICKS TICKS      /* after a refusal, or without a daemon: once a second */
#define SOON_TICKS (TICKS / 4) /* the daemon is there, but has nothing better yet */
#define BACKOFF_MAX 30u        /* seconds, after attaches that timed out */
#define BEAT_TICKS TICKS_OF_MS(SHUNT_HEARTBEAT_MS)
#define GONE_TICKS TICKS_OF_MS(SHUNT_HEARTBEAT_GONE_MS)
/*
 * Later than any planned time: a value of another clock, from before a fork into a time namespace.
 */
#define AHEAD_TICKS (2 * BACKOFF_MAX * TICKS)

static _Atomic(void *) range;        /* SHUNT_TABLE_SIZE bytes, reserved once */
static HOT _Atomic(void *) attached; /* the same, once a table is mapped there */

/*
 * The last observed change of the heartbeat, and its time. The time only increases: a thread that
 * was suspended must not set it back.
 */
static HOT _Atomic uint32_t beat_value;
static HOT _Atomic uint32_t beat_tick;

static _Atomic uint32_t next_try; /* no attempt before this tick; 0: there was none yet */
static _Atomic uint32_t backoff;  /* seconds; 0: the last attempt did not time out */

enum outcome {
	OUTCOME_NEW,     /* another table is mapped */
	OUTCOME_KEPT,    /* the daemon has no better table than ours */
	OUTCOME_ABSENT,  /* no daemon, or an incompatible one */
	OUTCOME_TIMEOUT, /* there is a daemon, and it does not answer */
};

/* --- the heartbeat ---------------------------------------------------------------------------- */

static bool is_ahead(uint32_t tick, uint32_t now)
{
	return (int32_t)(tick - now) > (int32_t)AHEAD_TICKS;
}

static void beat_advance(uint32_t now)
{
	uint32_t old = atomic_load_explicit(&beat_tick, memory_order_relaxed);

	/*
	 * 0: never set. It is not compared as a time: the host may have been up for more than four
	 * years.
	 */
	while ((old == 0 || old - now > AHEAD_TICKS) &&
	       !atomic_compare_exchange_weak(&beat_tick, &old, tick_nonzero(now)))
		;
}

/*
 * `now` was taken before: a value different from the one last seen has changed by then. If the
 * heartbeat has advanced far less than the elapsed time allows, the recorded time is kept, and an
 * attach decides: a process with one lookup an hour may see the last beats of a daemon that ended
 * long ago.
 */
static void beat_watch(const void *table, uint32_t now)
{
	uint32_t last = atomic_load_explicit(&beat_tick, memory_order_acquire);
	uint32_t seen = atomic_load_explicit(&beat_value, memory_order_acquire);
	uint32_t value = table_heartbeat(table);
	uint64_t moved = (uint64_t)(value - seen) * BEAT_TICKS;

	if ((value == seen && !is_ahead(last, now)) || moved + GONE_TICKS < tick_since(last, now))
		return;
	/* In this order: a reader that sees the new value must not see the old time with it. */
	beat_advance(now);
	atomic_compare_exchange_strong(&beat_value, &seen, value);
}

static void beat_restart(const void *table)
{
	beat_advance(tick_now());
	atomic_store_explicit(&beat_value, table_heartbeat(table), memory_order_release);
}

static bool beat_has_moved(const void *table)
{
	return table_heartbeat(table) != atomic_load_explicit(&beat_value, memory_order_acquire);
}

/*
 * The minimum time for which it has not changed. The beats since the last observation took time
 * too.
 */
static uint32_t beat_age(const void *table, uint32_t now)
{
	uint32_t last = atomic_load_explicit(&beat_tick, memory_order_acquire);
	uint32_t seen = atomic_load_explicit(&beat_value, memory_order_acquire);
	uint64_t moved = (uint64_t)(table_heartbeat(table) - seen) * BEAT_TICKS;
	uint32_t passed = tick_since(last, now);

	if (is_ahead(last, now))
		return UINT32_MAX;
	return passed > moved ? passed - (uint32_t)moved : 0;
}

static bool is_usable(const void *table, uint32_t now)
{
	uint32_t age = beat_age(table, now), limit = table_stale_limit_ms(table);

	return age < GONE_TICKS || age <= TICKS_OF_MS(limit);
}

/* --- mapping ---------------------------------------------------------------------------------- */

/*
 * Sealed against writers other than the daemon, and of the right size: no other process can modify
 * or shrink it.
 */
static bool is_sealed(int fd)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && ((unsigned)seals & SHUNT_TABLE_SEALS) == SHUNT_TABLE_SEALS &&
	       fstat(fd, &status) == 0 && status.st_size == (off_t)SHUNT_TABLE_SIZE;
}

/* Checks the header before the table replaces a working one. */
static bool peek(int fd, uint32_t id[2])
{
	void *header = mmap(NULL, sizeof(struct shunt_table_header), PROT_READ, MAP_SHARED, fd, 0);
	bool good;

	if (header == MAP_FAILED)
		return false;
	good = table_check(header);
	table_id(header, id);
	munmap(header, sizeof(struct shunt_table_header));
	return good;
}

/* The address range for all tables of this process; NULL if there is not enough address space. */
static void *reserve(void)
{
	void *old = atomic_load_explicit(&range, memory_order_acquire);
	void *mine;

	if (old)
		return old;
	mine = mmap(NULL, SHUNT_TABLE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	            -1, 0);
	if (mine == MAP_FAILED)
		return NULL;
	if (atomic_compare_exchange_strong(&range, &old, mine))
		return mine;
	munmap(mine, SHUNT_TABLE_SIZE);
	return old;
}

static enum outcome map_table(int fd)
{
	const void *old = atomic_load_explicit(&attached, memory_order_acquire);
	uint32_t id[2];
	void *place;

	if (!is_sealed(fd) || !peek(fd, id))
		return OUTCOME_ABSENT;
	if (old && table_same(old, id)) {
		if (beat_has_moved(old))
			beat_restart(old); /* the heartbeat had stopped for long, and continues */
		return OUTCOME_KEPT;
	}
	place = reserve();
	if (!place ||
	    mmap(place, SHUNT_TABLE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		return OUTCOME_ABSENT;
	beat_restart(place);
	atomic_store_explicit(&attached, place, memory_order_release);
	/*
	 * Superseded after it was sent: there is a newer table, but the daemon must not be asked
	 * for it without a pause.
	 */
	return table_state(place) & SHUNT_STATE_SUPERSEDED ? OUTCOME_KEPT : OUTCOME_NEW;
}

/* `hold`: this process has a table that it prefers to one that is not settled. */
static enum outcome attach(bool hold)
{
	bool settled = false;
	int table;

	switch (welcome_ask(&table, &settled)) {
	case WELCOME_TABLE: return hold && !settled ? OUTCOME_KEPT : map_table(table);
	case WELCOME_ABSENT: return OUTCOME_ABSENT;
	case WELCOME_TIMEOUT: break;
	}
	return OUTCOME_TIMEOUT;
}

/*
 * --- when to attach -----------------------------------------------------------------------------
 */

static void plan_next(enum outcome outcome, bool first)
{
	uint32_t seconds = 0, pause = 0;

	switch (outcome) {
	case OUTCOME_NEW: break;
	case OUTCOME_KEPT: pause = SOON_TICKS; break;
	case OUTCOME_ABSENT: pause = RETRY_TICKS; break;
	case OUTCOME_TIMEOUT:
		/* Threads that all tried for the first time count as one failure. */
		seconds = first ? 0 : atomic_load_explicit(&backoff, memory_order_relaxed);
		seconds = seconds == 0 ? 1 : seconds * 2 > BACKOFF_MAX ? BACKOFF_MAX : seconds * 2;
		pause = seconds * TICKS;
		break;
	}
	atomic_store_explicit(&backoff, seconds, memory_order_relaxed);
	/* A thread that sees this must also see the table that was attached. */
	atomic_store_explicit(&next_try, tick_nonzero(tick_now() + pause), memory_order_release);
}

static void try_now(bool hold, bool first)
{
	int saved = errno;

	attempt_start(tick_now());
	plan_next(attach(hold), first);
	attempt_end();
	errno = saved;
}

/*
 * Only one thread attaches at a time, and only when an attempt is due; the others use the current
 * table.
 */
static bool claim(uint32_t now)
{
	uint32_t next = atomic_load_explicit(&next_try, memory_order_acquire);

	if (next && next != now && next - now <= AHEAD_TICKS)
		return false;
	return atomic_compare_exchange_strong(&next_try, &next, tick_nonzero(now + RETRY_TICKS));
}

/*
 * Without a table, and before the first attempt has failed, every thread attaches itself: it must
 * not pass a managed name to libc only because another thread is still attaching.
 */
static const void *first_table(uint32_t now)
{
	bool first = atomic_load_explicit(&next_try, memory_order_acquire) == 0;

	if (first || claim(now))
		try_now(false, first);
	return atomic_load_explicit(&attached, memory_order_acquire);
}

static bool wants_another(const void *table, uint32_t now)
{
	return table_state(table) & SHUNT_STATE_SUPERSEDED || beat_age(table, now) >= GONE_TICKS;
}

/* Everything except the common case. */
static COLD const void *settle_table(const void *table, uint32_t now)
{
	/* A mapped table needs no attach, and the mark may be left over from a jump. */
	if (!attempt_may_start(now))
		return table && is_usable(table, now) ? table : NULL;
	if (!table)
		return first_table(now);
	beat_watch(table, now);
	if (wants_another(table, now) && claim(now)) {
		try_now(is_usable(table, now), false);
		now = tick_now();
	}
	return is_usable(table, now) ? table : NULL;
}

/*
 * The heartbeat has not changed since it was last observed, less than GONE_TICKS ago: there is
 * nothing to record and no reason to attach. One unsigned comparison; a time later than `now` is
 * left to settle_table().
 */
static bool is_current(const void *table, uint32_t now)
{
	return !beat_has_moved(table) &&
	       now - atomic_load_explicit(&beat_tick, memory_order_acquire) < GONE_TICKS &&
	       !(table_state(table) & SHUNT_STATE_SUPERSEDED);
}

const void *attach_table(void)
{
	const void *table = atomic_load_explicit(&attached, memory_order_acquire);
	uint32_t now = tick_now();

	return table && is_current(table, now) ? table : settle_table(table, now);
}

const void *attach_again(void)
{
	const void *table = atomic_load_explicit(&attached, memory_order_acquire);
	uint32_t now = tick_now();

	/*
	 * A table that is not settled would replace the other answers of the current table, which
	 * are still valid.
	 */
	if (attempt_may_start(now) && claim(now))
		try_now(table && is_usable(table, now), false);
	return table;
}

bool attach_is_alive(void)
{
	const void *table = atomic_load_explicit(&attached, memory_order_acquire);
	uint32_t now = tick_now();

	if (!table)
		return false;
	beat_watch(table, now);
	return beat_age(table, now) < GONE_TICKS;
}

const void *attach_mapped(void)
{
	return atomic_load_explicit(&attached, memory_order_acquire);
}
