#include "process/systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"

#define MESSAGE_MAX 256
#define WATCH_MIN_US 1000u /* a shorter time would keep the loop busy */

struct systemd {
	struct sockaddr_un address;
	socklen_t size;
	uint64_t watchdog_us; /* 0: no watchdog */
	struct event *alive;
};

/* --- the environment -------------------------------------------------------------------------- */

/* Accepts only digits; returns false otherwise. */
static bool parse(const char *text, uint64_t *number)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0';
}

uint64_t systemd_watchdog_us(const char *usec, const char *pid, pid_t self)
{
	uint64_t us, watched;

	if (!usec || !parse(usec, &us) || us > INT64_MAX)
		return 0;
	if (pid && (!parse(pid, &watched) || watched != (uint64_t)self))
		return 0;
	return us;
}

/* A path, or an abstract name, written with '@' in place of the leading zero byte. */
static bool set_address(struct systemd *systemd, const char *name)
{
	size_t length = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || length < 2 ||
	    length >= sizeof(systemd->address.sun_path))
		return false;
	systemd->address.sun_family = AF_UNIX;
	memcpy(systemd->address.sun_path, name, length);
	if (name[0] == '@')
		systemd->address.sun_path[0] = '\0';
	systemd->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return true;
}

struct systemd *systemd_new(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct systemd *systemd = NULL;

	if (name && name[0]) {
		systemd = memory_calloc(1, sizeof(*systemd));
		systemd->watchdog_us = systemd_watchdog_us(getenv("WATCHDOG_USEC"),
		                                           getenv("WATCHDOG_PID"), getpid());
		if (!set_address(systemd, name)) {
			log_warning("NOTIFY_SOCKET: '%.100s' is not a socket's name; the service "
			            "manager gets no notifications",
			            name);
			free(systemd);
			systemd = NULL;
		}
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return systemd;
}

void systemd_free(struct systemd *systemd)
{
	if (systemd && systemd->alive)
		event_free(systemd->alive);
	free(systemd);
}

/* --- messages --------------------------------------------------------------------------------- */

/*
 * Opens a new socket for each message, because the manager and its socket may have been replaced
 * meanwhile.
 */
static void tell(const struct systemd *systemd, const char *message)
{
	int fd;

	if (!systemd)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || sendto(fd, message, strlen(message), MSG_NOSIGNAL,
	                     (const struct sockaddr *)&systemd->address, systemd->size) < 0)
		log_debug("the service manager cannot be told %s: %s", message, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void alive(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell(arg, "READY=1\nWATCHDOG=1");
}

bool systemd_watch(struct systemd *systemd, struct event_base *base)
{
	uint64_t us;

	if (!systemd || systemd->watchdog_us == 0)
		return true;
	us = systemd->watchdog_us / 2 > WATCH_MIN_US ? systemd->watchdog_us / 2 : WATCH_MIN_US;
	systemd->alive = event_new(base, -1, EV_PERSIST, alive, systemd);
	return systemd->alive && timer_try_us(systemd->alive, us);
}

void systemd_ready(const struct systemd *systemd)
{
	tell(systemd, "READY=1");
}

void systemd_reloading(const struct systemd *systemd)
{
	char message[MESSAGE_MAX];

	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_us());
	tell(systemd, message);
}

void systemd_stopping(const struct systemd *systemd)
{
	tell(systemd, "STOPPING=1");
}

void systemd_status(const struct systemd *systemd, const char *text)
{
	char message[MESSAGE_MAX];

	snprintf(message, sizeof(message), "STATUS=%s", text);
	tell(systemd, message);
}
