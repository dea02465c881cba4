#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "settings.h"
#include "table.h"

/*
 * Time here is 32-bit ticks of CLOCK_MONOTONIC, 16 a second: fine enough for limits of seconds, and
 * half of their range, over which differences hold, is four years. 32 bits are atomic everywhere.
 */
#define TICKS 16u
#define TICKS_OF_MS(ms) ((ms) / 1000 * TICKS + (ms) % 1000 * TICKS / 1000)

#define RETRY_TICKS TICKS      /* refused or absent: once a second */
#define SOON_TICKS (TICKS / 4) /* the daemon is there, but has nothing better yet */
#define BACKOFF_MAX 30u        /* seconds, after attaches that timed out */
#define BEAT_TICKS TICKS_OF_MS(SHUNT_HEARTBEAT_MS)
#define GONE_TICKS TICKS_OF_MS(SHUNT_HEARTBEAT_GONE_MS)
#define NESTED_TICKS TICKS /* an attach is over by then; its mark is left over from a jump */
#define CONNECT_PAUSE_MS 2 /* the daemon's backlog is full */

static _Atomic(void *) range;    /* SHUNT_TABLE_SIZE bytes, reserved once */
static _Atomic(void *) attached; /* the same, once a table is mapped there */

/* The heartbeat as it was last seen to move, and when. Only ever later: a thread that slept must
 * not turn it back. */
static _Atomic uint32_t beat_value;
static _Atomic uint32_t beat_tick;

static _Atomic uint32_t next_try; /* nobody tries before; 0: nobody has tried yet */
static _Atomic uint32_t backoff;  /* seconds; 0: the last try did not time out */

/*
 * The tick of the attach that this thread is in, else 0: what libc or another library calls from
 * within it goes to libc. A time, since a program may jump out of it.
 */
static __thread uint32_t inside_since;

enum outcome {
	OUTCOME_NEW,     /* another table is mapped */
	OUTCOME_KEPT,    /* the daemon has none that is better than ours */
	OUTCOME_ABSENT,  /* no daemon, or none that we understand */
	OUTCOME_TIMEOUT, /* there is one, and it does not answer */
};

static uint32_t tick_of(const struct timespec *time)
{
	return (uint32_t)time->tv_sec * TICKS +
	       (uint32_t)time->tv_nsec / (uint32_t)(1000000000 / TICKS);
}

/* By the vDSO: no system call. */
static uint32_t tick_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return tick_of(&now);
}

static uint32_t ticks_since(uint32_t then, uint32_t now)
{
	int32_t passed = (int32_t)(now - then);

	return passed > 0 ? (uint32_t)passed : 0;
}

static uint32_t nonzero(uint32_t tick)
{
	return tick ? tick : 1;
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the heartbeat ----------------------------------------------------------------------------- */

static void beat_advance(uint32_t now)
{
	uint32_t old = atomic_load_explicit(&beat_tick, memory_order_relaxed);

	/* 0: never set, and no time to compare with on a host that is up for more than four years. */
	while ((old == 0 || (int32_t)(now - old) > 0) &&
	       !atomic_compare_exchange_weak(&beat_tick, &old, nonzero(now)))
		;
}

/*
 * `now` was taken before: what differs from the value seen then has moved by then. True: it moved
 * far less often than the time since has room for. A process that looks up once an hour may look at
 * the last beats of a daemon that is long gone, and another one answers by now.
 */
static bool beat_watch(const void *table, uint32_t now)
{
	uint32_t last = atomic_load_explicit(&beat_tick, memory_order_acquire);
	uint32_t seen = atomic_load_explicit(&beat_value, memory_order_acquire);
	uint32_t value = table_heartbeat(table);
	uint64_t moves = value - seen;

	if (moves == 0)
		return false;
	/* In this order: whoever sees the new value must not find the old time beside it. */
	beat_advance(now);
	atomic_compare_exchange_strong(&beat_value, &seen, value);
	return moves * BEAT_TICKS + GONE_TICKS < ticks_since(last, now);
}

static void beat_restart(const void *table)
{
	beat_advance(tick_now());
	atomic_store_explicit(&beat_value, table_heartbeat(table), memory_order_release);
}

static uint32_t beat_age(uint32_t now)
{
	return ticks_since(atomic_load_explicit(&beat_tick, memory_order_acquire), now);
}

static bool is_usable(const void *table, uint32_t now)
{
	uint32_t age = beat_age(now), limit = table_stale_limit_ms(table);

	return age < GONE_TICKS || age <= TICKS_OF_MS(limit);
}

/* --- talking to the daemon --------------------------------------------------------------------- */

/* A program may have closed 0, 1 or 2, and means to have them closed: ours go above. */
static int above_stdio(int fd)
{
	int moved;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return moved;
}

/* False: the deadline has come. */
static bool wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	int64_t left;

	while ((left = deadline - monotonic_ms()) > 0) {
		if (poll(&pollfd, 1, (int)left) > 0)
			return true;
	}
	return false;
}

static enum outcome connect_to(int fd, int64_t deadline)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	_Static_assert(sizeof(address.sun_path) == SETTINGS_SOCKET_MAX, "a path fits");
	if (!settings_socket(address.sun_path))
		return OUTCOME_ABSENT;
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		if (errno == EISCONN)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return OUTCOME_ABSENT;
		if (monotonic_ms() >= deadline)
			return OUTCOME_TIMEOUT;
		poll(NULL, 0, CONNECT_PAUSE_MS);
	}
	return OUTCOME_NEW;
}

static enum outcome say_hello(int fd, uint32_t nonce, int64_t deadline)
{
	struct shunt_hello hello = {
		.magic = SHUNT_HELLO_MAGIC,
		.size = sizeof(hello),
		.version_min = SHUNT_TABLE_VERSION,
		.version_max = SHUNT_TABLE_VERSION,
		.nonce = nonce,
	};
	struct iovec iov = { .iov_base = &hello, .iov_len = sizeof(hello) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	while (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return OUTCOME_ABSENT;
		if (!wait_for(fd, POLLOUT, deadline))
			return OUTCOME_TIMEOUT;
	}
	return OUTCOME_NEW;
}

/* The one descriptor of a message, or -1; should more have come, all are closed. */
static int take_descriptor(struct msghdr *message)
{
	bool refuse = message->msg_flags & (MSG_CTRUNC | MSG_TRUNC);
	int kept = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (kept >= 0) {
				refuse = true;
				close(fd);
			} else {
				kept = fd;
			}
		}
	}
	if (refuse && kept >= 0) {
		close(kept);
		kept = -1;
	}
	return above_stdio(kept);
}

static bool receive(int fd, struct shunt_welcome *welcome, size_t *size, int *table)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	union {
		struct shunt_welcome known;
		char bytes[SHUNT_MESSAGE_MAX];
	} buffer;
	struct iovec iov = { .iov_base = &buffer, .iov_len = sizeof(buffer) };
	struct msghdr message = { .msg_iov = &iov,
		                  .msg_iovlen = 1,
		                  .msg_control = &control,
		                  .msg_controllen = sizeof(control) };
	ssize_t n;

	memset(&buffer, 0, sizeof(buffer));
	n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return false;
	*size = (size_t)n;
	*welcome = buffer.known;
	*table = take_descriptor(&message);
	return true;
}

bool attach_check_welcome(const struct shunt_welcome *welcome, size_t size, uint32_t nonce)
{
	return size >= sizeof(*welcome) && size <= SHUNT_MESSAGE_MAX &&
	       welcome->magic == SHUNT_WELCOME_MAGIC && welcome->size >= sizeof(*welcome) &&
	       welcome->size <= size && welcome->status == SHUNT_STATUS_OK &&
	       welcome->nonce == nonce && welcome->version == SHUNT_TABLE_VERSION &&
	       welcome->table_size == SHUNT_TABLE_SIZE;
}

static enum outcome await_welcome(int fd, uint32_t nonce, int64_t deadline, bool *settled,
                                  int *table)
{
	struct shunt_welcome welcome;
	size_t size = 0;

	do {
		if (!wait_for(fd, POLLIN, deadline))
			return OUTCOME_TIMEOUT;
		errno = 0;
	} while (!receive(fd, &welcome, &size, table) && (errno == EAGAIN || errno == EINTR));
	if (!attach_check_welcome(&welcome, size, nonce) || *table < 0)
		return OUTCOME_ABSENT;
	*settled = welcome.flags & SHUNT_WELCOME_SETTLED;
	return OUTCOME_NEW;
}

/* --- mapping ----------------------------------------------------------------------------------- */

/* Sealed against everybody but the daemon, and of the right size: it can neither change under us
 * nor shrink. */
static bool is_sealed(int fd)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && ((unsigned)seals & SHUNT_TABLE_SEALS) == SHUNT_TABLE_SEALS &&
	       fstat(fd, &status) == 0 && status.st_size == (off_t)SHUNT_TABLE_SIZE;
}

/* Looks at it before it takes the place of one that works. */
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

/* The address range for all tables of this process; NULL when there is no room. */
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
	if (old && table_same(old, id))
		return OUTCOME_KEPT;
	place = reserve();
	if (!place ||
	    mmap(place, SHUNT_TABLE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		return OUTCOME_ABSENT;
	beat_restart(place);
	atomic_store_explicit(&attached, place, memory_order_release);
	/* Superseded while it was on its way: there is a newer one, but the daemon must not be
	 * asked for it without a pause. */
	return table_state(place) & SHUNT_STATE_SUPERSEDED ? OUTCOME_KEPT : OUTCOME_NEW;
}

/* `hold`: this process has a table that it prefers to one that is not settled. */
static enum outcome attach(bool hold)
{
	int64_t deadline = monotonic_ms() + SHUNT_ATTACH_MS;
	enum outcome outcome = OUTCOME_ABSENT;
	int fd, table = -1;
	uint32_t nonce = (uint32_t)deadline ^ (uint32_t)(uintptr_t)&outcome;
	bool settled = false;

	fd = above_stdio(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fd < 0)
		return outcome;
	outcome = connect_to(fd, deadline);
	if (outcome == OUTCOME_NEW)
		outcome = say_hello(fd, nonce, deadline);
	if (outcome == OUTCOME_NEW)
		outcome = await_welcome(fd, nonce, deadline, &settled, &table);
	if (outcome == OUTCOME_NEW)
		outcome = hold && !settled ? OUTCOME_KEPT : map_table(table);
	if (table >= 0)
		close(table);
	close(fd);
	return outcome;
}

/* --- when -------------------------------------------------------------------------------------- */

static void plan_next(enum outcome outcome, bool first)
{
	uint32_t seconds = 0, pause = 0;

	switch (outcome) {
	case OUTCOME_NEW: break;
	case OUTCOME_KEPT: pause = SOON_TICKS; break;
	case OUTCOME_ABSENT: pause = RETRY_TICKS; break;
	case OUTCOME_TIMEOUT:
		/* Threads that all tried for the first time are one failure. */
		seconds = first ? 0 : atomic_load_explicit(&backoff, memory_order_relaxed);
		seconds = seconds == 0 ? 1 : seconds * 2 > BACKOFF_MAX ? BACKOFF_MAX : seconds * 2;
		pause = seconds * TICKS;
		break;
	}
	atomic_store_explicit(&backoff, seconds, memory_order_relaxed);
	/* Whoever sees this must not miss the table that is attached. */
	atomic_store_explicit(&next_try, nonzero(tick_now() + pause), memory_order_release);
}

static void try_now(bool hold, bool first)
{
	int saved = errno, state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	inside_since = nonzero(tick_now());
	plan_next(attach(hold), first);
	inside_since = 0;
	pthread_setcancelstate(state, NULL);
	errno = saved;
}

static bool is_nested(uint32_t now)
{
	return inside_since && ticks_since(inside_since, now) <= NESTED_TICKS;
}

/* One thread at a time, and only when it is due: the others go on with what there is. */
static bool claim(uint32_t now)
{
	uint32_t next = atomic_load_explicit(&next_try, memory_order_acquire);

	if (next && (int32_t)(now - next) < 0)
		return false;
	return atomic_compare_exchange_strong(&next_try, &next, nonzero(now + RETRY_TICKS));
}

/*
 * With no table, and none refused yet, every thread tries for itself: it must not pass a managed
 * name on only because another one is in the middle of attaching.
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
	return table_state(table) & SHUNT_STATE_SUPERSEDED || beat_age(now) >= GONE_TICKS;
}

/* All but the usual case. */
__attribute__((noinline)) static const void *settle_table(const void *table, uint32_t now)
{
	bool doubtful;

	/* What is mapped needs no attach, and the mark may be left over from a jump. */
	if (is_nested(now))
		return table && is_usable(table, now) ? table : NULL;
	if (!table)
		return first_table(now);
	doubtful = beat_watch(table, now);
	if ((doubtful || wants_another(table, now)) && claim(now)) {
		try_now(is_usable(table, now), false);
		now = tick_now();
	}
	return is_usable(table, now) ? table : NULL;
}

/* The heartbeat stands where it was seen to stand, and has not for long: nothing is to be noted, and nothing to be had. */
static bool is_current(const void *table, uint32_t now)
{
	return table_heartbeat(table) == atomic_load_explicit(&beat_value, memory_order_acquire) &&
	       !wants_another(table, now);
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

	if (claim(tick_now()))
		try_now(false, false);
	return table;
}

bool attach_is_alive(void)
{
	const void *table = atomic_load_explicit(&attached, memory_order_acquire);
	uint32_t now = tick_now();

	if (!table)
		return false;
	beat_watch(table, now);
	return beat_age(now) < GONE_TICKS;
}

const void *attach_mapped(void)
{
	return atomic_load_explicit(&attached, memory_order_acquire);
}
