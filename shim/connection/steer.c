#include "connection/steer.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/time.h>

#include "attach/attach.h"
#include "connection/choice.h"
#include "connection/destination.h"
#include "connection/given.h"
#include "connection/look.h"
#include "connection/tell.h"
#include "core/libc.h"
#include "core/settings.h"
#include "core/table.h"
#include "core/tick.h"
#include "lookup/debug.h"

struct steer {
	int fd;
	struct given given;
	struct destination to; /* of the current try */
	struct table_route route;
	struct choice_tried tried;
	int64_t start_ms;
	int error;    /* of the first try that failed; 0: none has */
	bool aborted; /* ECONNABORTED was seen */
};

/* Not UDP (libc connects such sockets to sort addresses), not MPTCP, SCTP, and so on. */
static bool is_tcp(int fd)
{
	int protocol = 0, type = 0;
	socklen_t size = sizeof(protocol);

	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
	       protocol == IPPROTO_TCP && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       type == SOCK_STREAM;
}

/* Returns false if the record leaves connections alone, now. */
static bool read_route(struct steer *steer)
{
	const void *table = attach_table();

	return table &&
	       table_route(table, steer->given.name, steer->given.length, steer->to.address.family,
	                   &steer->route) == TABLE_FOUND &&
	       steer->route.connect != SHUNT_CONNECT_OFF && steer->route.count > 0;
}

static void move(struct steer *steer, const struct shunt_address *address)
{
	if (settings_flags() & SETTINGS_DEBUG)
		debug_connect(steer->given.name, address, &steer->to.address);
	destination_move(&steer->to, address);
}

/* Returns 0 or an errno. */
static int connect_once(const struct steer *steer)
{
	return libc_connect(steer->fd, &steer->to.place.any, steer->to.size) == 0 ? 0 : errno;
}

static bool has_failed(const struct steer *steer)
{
	return look_sees_failure(steer->fd, choice_in_doubt(&steer->route, &steer->to.address) ||
	                                            given_in_doubt(&steer->to.address, tick_now()));
}

/*
 * The error of a connect that has failed: another connect() gets it, and the socket is as new.
 * (After SO_ERROR it would say ECONNABORTED first.) EINPROGRESS: it has not failed after all.
 */
static int fetch_error(const struct steer *steer)
{
	int error = connect_once(steer);

	return error == 0 || error == EISCONN || error == EALREADY ? EINPROGRESS : error;
}

/*
 * With SO_SNDTIMEO a blocking connect takes no longer than that; nor does the last of several begin
 * later.
 */
static bool has_time(const struct steer *steer)
{
	struct timeval limit = { 0 };
	socklen_t size = sizeof(limit);
	int64_t passed = tick_ms() - steer->start_ms, limit_ms;

	if (passed <= 0 || getsockopt(steer->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &size) != 0)
		return true;
	limit_ms = (int64_t)limit.tv_sec * 1000 + limit.tv_usec / 1000;
	return limit_ms == 0 || passed < limit_ms;
}

/*
 * Linux says ECONNABORTED once if a failure was read by SO_ERROR before: that was an earlier
 * connect of the program's. It says so too when an administrator ended this one, because the
 * address was lost: the table then has another answer.
 */
static bool is_worth_repeating(struct steer *steer, int error)
{
	if (error != ECONNABORTED || steer->aborted || steer->tried.count > 0)
		return false;
	steer->aborted = true;
	return read_route(steer) && !choice_instead_of(&steer->route, &steer->to.address);
}

/* The next address to try, from the table as it is by now; NULL: no more. */
static const struct shunt_address *next(struct steer *steer)
{
	if (!choice_remember(&steer->tried, &steer->to.address) || !has_time(steer) ||
	    !read_route(steer))
		return NULL;
	return choice_next(&steer->route, &steer->tried);
}

static void note_failure(const struct steer *steer, int error)
{
	given_fail(&steer->to.address, tick_now());
	tell_failure(&steer->given, &steer->to, error);
}

/* What the program sees of an error that no other address can help with: the first one. */
static int first_error(const struct steer *steer, int error)
{
	switch (error) {
	case 0:
	case EINPROGRESS:
	case EINTR:
	case EISCONN:
	case EALREADY: return error;
	default: return steer->error ? steer->error : error;
	}
}

/* Returns 0 or an errno; EINPROGRESS remains what the program sees of a connect that goes on. */
static int try_all(struct steer *steer)
{
	for (;;) {
		const struct shunt_address *address;
		int error = connect_once(steer);
		bool pending = error == EINPROGRESS && has_failed(steer);

		if (is_worth_repeating(steer, error))
			continue;
		if (!pending && !choice_is_failure(error))
			return first_error(steer, error);
		note_failure(steer, pending ? 0 : error);
		address = next(steer);
		if (!address)
			return pending ? error : steer->error ? steer->error : error;
		if (pending)
			error = fetch_error(steer);
		if (error == EINPROGRESS)
			return error;
		if (!steer->error)
			steer->error = error;
		move(steer, address);
	}
}

static int steer_on(struct steer *steer)
{
	const struct shunt_address *instead = choice_instead(&steer->route, &steer->to.address);

	if (instead)
		move(steer, instead);
	steer->start_ms = tick_ms();
	return try_all(steer);
}

/* Apart, since most destinations do not come here, and its variables are many. */
static __attribute__((noinline)) int steer_given(int fd, const struct sockaddr *address,
                                                 socklen_t size,
                                                 const struct destination *destination,
                                                 const struct given *given)
{
	struct steer steer = { .fd = fd, .to = *destination, .given = *given };
	int saved = errno, error;

	/* With the error of an earlier connect, this one fetches it and connects nowhere. */
	if (!is_tcp(fd) || look_has_error(fd) || !read_route(&steer)) {
		errno = saved;
		return libc_connect(fd, address, size);
	}
	error = steer_on(&steer);
	errno = error ? error : saved;
	return error ? -1 : 0;
}

int steer_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	struct destination destination;
	struct given given;

	if (!destination_read(&destination, address, size) ||
	    !given_find(&destination.address, &given))
		return libc_connect(fd, address, size);
	return steer_given(fd, address, size, &destination, &given);
}
