#include "control/control.h"

#include <event2/event.h>
#include <microhttpd.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/timer.h"
#include "control/dispatch.h"
#include "control/orders/order.h"
#include "control/orders/reloading.h"
#include "control/orders/sending.h"
#include "control/peer.h"
#include "control/request.h"
#include "control/slice.h"
#include "control/streams.h"

/* Bytes for each connection: request, headers, a piece of the response. */
#define MEMORY_LIMIT 32768u
/* An idle connection is closed after that long, */
#define IDLE_SECONDS 10u
/* plus up to so many seconds: closing a thousand connections at once would delay a probe. */
#define IDLE_SPREAD 8u
/* Runs of libmicrohttpd at the end, in which streams are ended with HTTP's final chunk. */
#define FAREWELL_TURNS 4u

struct control {
	struct control_parts parts;
	struct peers peers;
	struct streams streams;
	struct orders orders;
	struct slice slices[2]; /* for all peers, for trusted peers */
	struct MHD_Daemon *http;
	struct event *polling; /* on libmicrohttpd's epoll descriptor */
	struct event *timeout; /* requested by libmicrohttpd */
};

/* --- requests --------------------------------------------------------------------------------- */

static const struct slice *slice_of(const struct control *control, const struct peer *peer)
{
	return &control->slices[peer_is_trusted(&control->peers, peer)];
}

/*
 * Called for the header, for each part of the body, and at the end. Responds in the first or last.
 */
static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **context)
{
	struct control *control = arg;
	const union MHD_ConnectionInfo *info;

	(void)version;
	if (!*context) {
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
		if (!info || !info->socket_context)
			return MHD_NO;
		*context = request_new(&control->parts, connection, info->socket_context,
		                       slice_of(control, info->socket_context), &control->streams,
		                       &control->orders);
		return *context ? dispatch_begin(*context, url, method) : MHD_NO;
	}
	if (*data_size == 0)
		return dispatch_end(*context);
	request_body(*context, data, *data_size);
	*data_size = 0;
	return MHD_YES;
}

static void completed(void *arg, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode code)
{
	struct request *request = *context;

	(void)arg;
	(void)connection;
	(void)code;
	*context = NULL;
	if (!request)
		return;
	order_free(request->order);
	reloading_free(request->reloading);
	sending_free(request->sending);
	request_free(request);
}

/* --- the loop --------------------------------------------------------------------------------- */

static void run_http(struct control *control)
{
	slice_begin(&control->slices[false], SLICE_US);
	slice_begin(&control->slices[true], SLICE_TRUSTED_US);
	MHD_run(control->http);
}

static void turn(struct control *control)
{
	MHD_UNSIGNED_LONG_LONG ms;

	run_http(control);
	if (MHD_get_timeout(control->http, &ms) == MHD_YES)
		timer_arm(control->timeout, ms);
	else
		event_del(control->timeout);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn(arg);
}

static void turn_of(void *arg)
{
	turn(arg);
}

static bool take(void *arg, int fd, const struct sockaddr *address, socklen_t length)
{
	struct control *control = arg;

	return MHD_add_connection(control->http, fd, address, length) == MHD_YES;
}

/*
 * A peer is added before libmicrohttpd gets the descriptor, and removed just before it is closed.
 */
static void notify(void *arg, struct MHD_Connection *connection, void **context,
                   enum MHD_ConnectionNotificationCode code)
{
	struct control *control = arg;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		*context = info ? peer_find(&control->peers, info->connect_fd) : NULL;
		if (info)
			MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
			                          IDLE_SECONDS +
			                                  (unsigned)info->connect_fd % IDLE_SPREAD);
	} else if (*context) {
		peer_strike(&control->peers, *context);
		*context = NULL;
	}
}

/* --- start and end ---------------------------------------------------------------------------- */

/* accept() is ours: it allows a limit per uid, and does not spin when descriptors run out. */
static bool start_http(struct control *control)
{
	const union MHD_DaemonInfo *info;
	struct event_base *base = control->parts.base;

	control->http = MHD_start_daemon(
	        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
	        handle, control, MHD_OPTION_CONNECTION_LIMIT, peers_limit(&control->peers),
	        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_LIMIT,
	        MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_NOTIFY_CONNECTION, notify,
	        control, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	if (!control->http)
		return false;
	info = MHD_get_daemon_info(control->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return false;
	control->polling = event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, on_turn, control);
	control->timeout = evtimer_new(base, on_turn, control);
	return control->polling && control->timeout && event_add(control->polling, NULL) == 0;
}

struct control *control_new(const struct control_parts *parts)
{
	struct control *control = memory_calloc(1, sizeof(*control));

	control->parts = *parts;
	control->peers =
	        (struct peers){ .take = take, .turn = turn_of, .arg = control, .tcp = parts->tcp };
	control->streams = (struct streams){
		.turn = turn_of, .arg = control, .parts = &control->parts, .peers = &control->peers
	};
	control->orders = (struct orders){ .turn = turn_of, .arg = control };
	if (streams_start(&control->streams) &&
	    peers_start(&control->peers, parts->base, parts->fd) && start_http(control))
		return control;
	control_free(control);
	return NULL;
}

void control_free(struct control *control)
{
	if (control->polling)
		event_free(control->polling);
	streams_end(&control->streams);
	if (control->http) {
		orders_end(&control->orders);
		reloading_end(&control->orders);
		sending_end(&control->orders);
		for (unsigned i = 0; i < FAREWELL_TURNS; i++)
			run_http(control);
		/* Closes every connection; the notice of each removes its peer. */
		MHD_stop_daemon(control->http);
	}
	streams_free(&control->streams);
	if (control->timeout)
		event_free(control->timeout);
	peers_free(&control->peers);
	free(control);
}
