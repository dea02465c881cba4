/*
 * shunt-reset: resets connections to endpoints that are lost, for shuntd.
 *
 *   connection → who asks? → configuration → netlink socket → nothing else any more → requests
 */
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "reset/diag.h"
#include "reset/work.h"
#include "serve/allow.h"
#include "serve/arguments.h"
#include "serve/caller.h"
#include "serve/entry.h"
#include "serve/packet.h"
#include "serve/sandbox.h"

#include "shunt/reset.h"

static const char usage[] =
        "Usage: shunt-reset [-c FILE] [--user NAME] [--socket PATH]\n"
        "\n"
        "Resets connections to endpoints that are lost, when shuntd asks for it.\n"
        "\n"
        "  -c, --config FILE   what may be reset (default /etc/shunt/shunt.conf); root's\n"
        "  -u, --user NAME     who may ask besides root (default shunt)\n"
        "  -s, --socket PATH   listen there (default: systemd passes the socket)\n"
        "  -h, --help          this text\n"
        "  -V, --version       the version\n"
        "\n"
        "shunt-reset(8) tells the rest.\n";

/* --- one connection --------------------------------------------------------------------------- */

static void send_reply(void *arg, const struct shunt_reset_reply *reply)
{
	const int *connection = arg;

	if (!packet_write(*connection, reply, sizeof(*reply)))
		exit(0);
}

_Noreturn static void refuse(int connection, const char *why)
{
	struct shunt_reset_reply reply = { .version = SHUNT_RESET_VERSION,
		                           .kind = SHUNT_RESET_REFUSED };

	log_error("%s", why);
	snprintf(reply.text, sizeof(reply.text), "%.*s", (int)sizeof(reply.text) - 1, why);
	packet_write(connection, &reply, sizeof(reply));
	exit(1);
}

static uid_t check_caller(int connection, const struct passwd *user)
{
	struct caller caller;
	char why[160];

	if (caller_may_ask(connection, user->pw_uid, &caller))
		return caller.uid;
	snprintf(why, sizeof(why), "uid %u (process %d) may not ask: only %s and root may",
	         (unsigned)caller.uid, (int)caller.pid, user->pw_name);
	refuse(connection, why);
}

/* The last steps before the first request: there is nothing to open after it. */
static void confine(int connection)
{
	static const int keep[] = { CAP_NET_ADMIN };
	char why[160];

	if (sandbox_capabilities(keep, 1) && sandbox_enter(NULL, 0))
		return;
	snprintf(why, sizeof(why),
	         "cannot keep CAP_NET_ADMIN and give up the rest: %s; start it by its unit, or "
	         "as root",
	         strerror(errno));
	refuse(connection, why);
}

static void answer(int connection, struct work *work)
{
	struct pollfd waiting = { .fd = connection, .events = POLLIN };
	struct shunt_reset_request request;

	for (;;) {
		if (poll(&waiting, 1, work_wait_ms(work)) < 0 && errno != EINTR)
			return;
		switch (packet_read(connection, &request, sizeof(request))) {
		case PACKET_READ: work_take(work, &request); break;
		case PACKET_WRONG:
			refuse(connection, "shuntd and shunt-reset are of different releases; "
			                   "restart shuntd");
		case PACKET_END: return;
		case PACKET_NONE: break;
		}
		work_run(work, clock_ms());
	}
}

static void serve(int connection, const struct arguments *arguments)
{
	struct shunt_reset_reply ready = { .version = SHUNT_RESET_VERSION,
		                           .kind = SHUNT_RESET_READY };
	char error[CONFIG_ERROR_MAX];
	struct allow *allow;
	struct work *work;
	struct diag diag;
	const uid_t caller = check_caller(connection, arguments->daemon);

	allow = allow_load(arguments->config, error);
	if (!allow)
		refuse(connection, error);
	if (!diag_open(&diag, caller))
		refuse(connection, "the kernel has no sock_diag(7) for this program");
	confine(connection);
	work = work_new(allow, &diag, send_reply, &connection);
	ready.rate = allow_rate(allow);
	send_reply(&connection, &ready);
	answer(connection, work);
	work_free(work);
	allow_free(allow);
}

int main(int argc, char **argv)
{
	const struct arguments arguments = arguments_read(argc, argv, "shunt-reset", usage);
	char error[512];
	int connection;

	connection =
	        entry_connection(arguments.socket, arguments.daemon->pw_gid, error, sizeof(error));
	if (connection < 0) {
		fprintf(stderr, "shunt-reset: %s\n", error);
		return 1;
	}
	serve(connection, &arguments);
	return 0;
}
