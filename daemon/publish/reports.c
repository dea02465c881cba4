#include "publish/reports.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "publish/allowance.h"

#include "shunt/protocol.h"

#define REPORTS_A_TURN 64 /* read in one iteration of the loop */

struct reports {
	struct event readable;
	int fd;
	reports_taken *taken;
	void *arg;
	struct allowance allowance;
	struct reports_counts counts;
};

bool reports_read(const void *bytes, size_t size, struct reports_failure *failure)
{
	struct shunt_report report;

	if (size < sizeof(report) || size > SHUNT_REPORT_MAX)
		return false;
	memcpy(&report, bytes, sizeof(report));
	if (report.magic != SHUNT_REPORT_MAGIC || report.size < sizeof(report) ||
	    report.size > size || report.name_length == 0 || report.name_length > SHUNT_NAME_MAX ||
	    report.name_length != size - report.size || report.port == 0 || report.port > 65535 ||
	    (report.family != SHUNT_FAMILY_IPV4 && report.family != SHUNT_FAMILY_IPV6))
		return false;
	*failure = (struct reports_failure){ .address = { .family = report.family,
		                                          .scope_id = report.scope_id } };
	memcpy(failure->address.byte, report.word, report.family == SHUNT_FAMILY_IPV4 ? 4 : 16);
	memcpy(failure->name, (const char *)bytes + report.size, report.name_length);
	return true;
}

/* The sender's uid, as the kernel says; without it, one that nobody has. */
static uid_t sender_of(struct msghdr *message)
{
	struct ucred sender = { .uid = (uid_t)-1 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&sender, CMSG_DATA(c), sizeof(sender));
	}
	return sender.uid;
}

static void take(struct reports *reports, const void *bytes, size_t size, uid_t uid)
{
	struct reports_failure failure;

	if (!allowance_take(&reports->allowance, uid, clock_ms()))
		reports->counts.limited++;
	else if (!reports_read(bytes, size, &failure))
		reports->counts.invalid++;
	else if (reports->taken(reports->arg, &failure))
		reports->counts.probed++;
	else
		reports->counts.ignored++;
}

/*
 * Returns false if there is none now. Descriptors that come along have no room, so the kernel closes
 * them.
 */
static bool receive(struct reports *reports)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char bytes[SHUNT_REPORT_MAX];
	struct iovec vector = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_iov = &vector,
		                  .msg_iovlen = 1,
		                  .msg_control = control.space,
		                  .msg_controllen = sizeof(control.space) };
	ssize_t got = recvmsg(reports->fd, &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);

	if (got < 0)
		return errno == EINTR;
	take(reports, bytes, (size_t)got, sender_of(&message));
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	for (int i = 0; i < REPORTS_A_TURN; i++)
		if (!receive(arg))
			return;
}

struct reports *reports_new(struct event_base *base, int fd, reports_taken *taken, void *arg)
{
	struct reports *reports = memory_calloc(1, sizeof(*reports));
	int on = 1;

	reports->fd = fd;
	reports->taken = taken;
	reports->arg = arg;
	if (fd < 0)
		return reports;
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	event_assign(&reports->readable, base, fd, EV_READ | EV_PERSIST, on_readable, reports);
	if (event_add(&reports->readable, NULL) < 0)
		log_fatal("the loop takes no event for the report socket");
	return reports;
}

const struct reports_counts *reports_counts(const struct reports *reports)
{
	return &reports->counts;
}

void reports_free(struct reports *reports)
{
	if (reports && reports->fd >= 0)
		event_del(&reports->readable);
	free(reports);
}
