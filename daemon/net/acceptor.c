#include "net/acceptor.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"

#define PAUSE_MS 100u

int acceptor_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int accept_next(struct acceptor *acceptor, struct acceptor_connection *connection)
{
	connection->length = sizeof(connection->address);
	return accept4(acceptor->fd, (struct sockaddr *)&connection->address, &connection->length,
	               SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/*
 * Called when descriptors have run out. Returns like accept4(), which reports EMFILE even if no
 * connection is waiting.
 */
static int accept_guest(struct acceptor *acceptor, struct acceptor_connection *connection)
{
	int fd, reason;

	if (acceptor->reserve < 0)
		return -1;
	close(acceptor->reserve);
	acceptor->reserve = -1;
	fd = accept_next(acceptor, connection);
	reason = errno;
	if (fd < 0)
		acceptor->reserve = acceptor_reserve();
	errno = reason;
	return fd;
}

/* Errors that concern one connection, which is gone; accept(2) lists network errors among them. */
static bool concerns_one(int error)
{
	static const int errors[] = { EINTR,        ECONNABORTED, EPROTO,      EPERM,
		                      ENETDOWN,     ENOPROTOOPT,  EHOSTDOWN,   ENONET,
		                      EHOSTUNREACH, EOPNOTSUPP,   ENETUNREACH, ETIMEDOUT,
		                      ECONNRESET };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i] == error)
			return true;
	return false;
}

/* If the kernel or memory does not permit it now, it is tried again. */
static void listen_on(struct acceptor *acceptor)
{
	if (!acceptor->stopped && event_add(&acceptor->listening, NULL) < 0)
		timer_try(&acceptor->resume, PAUSE_MS);
}

/* Retrying at once would spin, but is better than never. */
static void pause_accepting(struct acceptor *acceptor, int error)
{
	if (timer_try(&acceptor->resume, PAUSE_MS))
		event_del(&acceptor->listening);
	if (acceptor->owner.name && log_throttle_pass(&acceptor->warned, clock_ms()))
		log_warning("%s accepts no connections for now: %s", acceptor->owner.name,
		            strerror(error));
}

/* Returns false if there is nothing more to accept now. */
static bool accept_one(struct acceptor *acceptor)
{
	struct acceptor_connection connection = { 0 };

	connection.fd = accept_next(acceptor, &connection);
	if (connection.fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		connection.fd = accept_guest(acceptor, &connection);
		connection.guest = connection.fd >= 0;
	}
	if (connection.fd >= 0) {
		acceptor->guest |= connection.guest;
		acceptor->owner.accepted(acceptor->owner.arg, &connection);
		return true;
	}
	if (errno == EAGAIN)
		return false;
	if (concerns_one(errno))
		return true;
	pause_accepting(acceptor, errno);
	return false;
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor *acceptor = arg;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < acceptor->owner.accepts && !acceptor->stopped; i++)
		if (!accept_one(acceptor))
			break;
	if (acceptor->owner.turn)
		acceptor->owner.turn(acceptor->owner.arg);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor *acceptor = arg;

	(void)fd;
	(void)what;
	if (acceptor->guests && acceptor->reserve < 0 && !acceptor->guest)
		acceptor->reserve = acceptor_reserve();
	listen_on(acceptor);
}

bool acceptor_start(struct acceptor *acceptor, const struct acceptor_owner *owner,
                    struct event_base *base, int fd, bool guests, int reserve)
{
	*acceptor = (struct acceptor){
		.owner = *owner,
		.fd = fd,
		.guests = guests,
		.reserve = guests ? reserve : -1,
	};
	event_assign(&acceptor->listening, base, fd, EV_READ | EV_PERSIST, on_connection, acceptor);
	event_assign(&acceptor->resume, base, -1, 0, on_resume, acceptor);
	return event_add(&acceptor->listening, NULL) == 0;
}

void acceptor_end(struct acceptor *acceptor)
{
	if (!event_initialized(&acceptor->listening))
		return;
	event_del(&acceptor->listening);
	event_del(&acceptor->resume);
	if (acceptor->reserve >= 0)
		close(acceptor->reserve);
	acceptor->reserve = -1;
}

void acceptor_stop(struct acceptor *acceptor)
{
	acceptor->stopped = true;
	event_del(&acceptor->listening);
}

void acceptor_go(struct acceptor *acceptor)
{
	if (!acceptor->stopped)
		return;
	acceptor->stopped = false;
	listen_on(acceptor);
}

void acceptor_guest_left(struct acceptor *acceptor)
{
	acceptor->guest = false;
	acceptor->reserve = acceptor_reserve();
	listen_on(acceptor);
}
