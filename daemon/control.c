#include "control.h"

#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "log.h"
#include "monitor.h"
#include "report.h"

#define TCP_CONNECTIONS 64u
#define UNIX_CONNECTIONS 1024u
#define UID_CONNECTIONS 256u /* of one uid that is neither root nor ours */
#define OTHERS_RESERVE 64u   /* connections that only root and our own uid may take */
#define DESCRIPTOR_SHARE 4u  /* never more than a quarter of the descriptors */
#define MEMORY_LIMIT 32768u /* bytes for each connection: request, headers, a piece of the answer */
#define PIECE 8192u         /* bytes of an answer that are made at one time */
#define TURN_RECORDS 64u    /* records made in one turn of the loop, all connections together */
#define IDLE_SECONDS 10u    /* silence that ends a connection */
#define DEADLINE_MS 30000u  /* for a request and its answer together */
#define ACCEPTS 64u         /* in one turn of the loop */
#define RETRY_MS 100u     /* until accept() is tried again after it failed for want of something */
#define WARNING_MS 60000u /* between two warnings of that */
#define HOST_MAX 300u     /* characters of a Host header */

struct connection {
	TAILQ_ENTRY(connection) link;
	int fd; /* libmicrohttpd's */
	uid_t uid;
	uint64_t deadline_ms;
	bool cut;
};

struct control {
	struct event_base *base;
	struct monitor *monitor;
	struct MHD_Daemon *http;
	struct event *listening; /* on the caller's descriptor */
	struct event *polling;   /* on libmicrohttpd's epoll descriptor */
	struct event *timeout;   /* libmicrohttpd's own */
	struct event *deadline;  /* of the oldest connection */
	struct event *retry;
	TAILQ_HEAD(connection_list, connection) connections; /* the oldest first */
	size_t count, limit;
	uint64_t warned_ms;
	bool tcp;
};

/* An answer that is under way. */
struct answer {
	struct control *control;
	uint64_t generation;
	size_t next;       /* record */
	bool tail;         /* nothing comes after `pending` */
	char *pending;     /* made, not yet sent */
	size_t sent, left; /* bytes of it */
};

static void set_timer(struct event *timer, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		              .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	event_add(timer, &tv);
}

/* --- answers ------------------------------------------------------------------------------------ */

static void answer_pend(struct answer *answer, char *text)
{
	free(answer->pending);
	answer->pending = text;
	answer->sent = 0;
	answer->left = text ? strlen(text) : 0;
}

/* A record and the comma before it. */
static char *record_text(struct answer *answer)
{
	struct monitor_record record;
	char *text, *joined;

	monitor_read(answer->control->monitor, answer->next, &record);
	text = report_record(&record);
	if (!text || answer->next == 0)
		return text;
	if (asprintf(&joined, ",%s", text) < 0)
		joined = NULL;
	free(text);
	return joined;
}

/* Makes the next piece. False: it cannot be made, or would not belong to those that are sent. */
static bool answer_advance(struct answer *answer)
{
	struct monitor *monitor = answer->control->monitor;
	char *text;

	if (answer->generation != monitor_generation(monitor))
		return false;
	if (answer->next < monitor_record_count(monitor)) {
		text = record_text(answer);
		answer->next++;
	} else {
		text = strdup(REPORT_TAIL);
		answer->tail = true;
	}
	answer_pend(answer, text);
	return text != NULL;
}

/* The more connections, the smaller the share of each in a turn: many readers must not delay a probe. */
static size_t turn_records(const struct control *control)
{
	size_t records = TURN_RECORDS / (control->count ? control->count : 1);

	return records ? records : 1;
}

static ssize_t answer_read(void *arg, uint64_t position, char *buffer, size_t size)
{
	struct answer *answer = arg;
	size_t records = turn_records(answer->control), filled = 0;

	(void)position;
	while (filled < size) {
		size_t n = answer->left < size - filled ? answer->left : size - filled;

		memcpy(buffer + filled, answer->pending + answer->sent, n);
		answer->sent += n;
		answer->left -= n;
		filled += n;
		if (answer->left > 0)
			break;
		if (answer->tail || records-- == 0)
			break;
		if (!answer_advance(answer))
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	return filled > 0 ? (ssize_t)filled : MHD_CONTENT_READER_END_OF_STREAM;
}

static void answer_free(void *arg)
{
	struct answer *answer = arg;

	free(answer->pending);
	free(answer);
}

/* Takes the response over; NULL closes the connection. */
static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status,
                               struct MHD_Response *response)
{
	enum MHD_Result queued;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status,
                              const char *message)
{
	json_t *json = json_pack("{s:s}", "error", message);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	struct MHD_Response *response = NULL;

	json_decref(json);
	if (text)
		response =
		        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (text && !response)
		free(text);
	return respond(connection, status, response);
}

static enum MHD_Result get_status(struct control *control, struct MHD_Connection *connection)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	struct MHD_Response *response;
	char *head;

	if (!answer)
		return MHD_NO;
	answer->control = control;
	answer->generation = monitor_generation(control->monitor);
	head = report_head(control->monitor);
	if (!head) {
		free(answer);
		return MHD_NO;
	}
	answer_pend(answer, head);
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, answer_read, answer,
	                                             answer_free);
	if (!response)
		answer_free(answer);
	return respond(connection, MHD_HTTP_OK, response);
}

/* --- requests ----------------------------------------------------------------------------------- */

static const struct route {
	const char *path;
	enum MHD_Result (*get)(struct control *control, struct MHD_Connection *connection);
} routes[] = {
	{ "/v1/status", get_status },
};

static const struct route *find_route(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	return NULL;
}

struct host_header {
	unsigned count;
	const char *value;
};

static enum MHD_Result find_host(void *arg, enum MHD_ValueKind kind, const char *key,
                                 const char *value)
{
	struct host_header *host = arg;

	(void)kind;
	if (strcasecmp(key, MHD_HTTP_HEADER_HOST) != 0)
		return MHD_YES;
	host->count++;
	host->value = value;
	return MHD_YES;
}

/* The host of "host", "host:port", "[v6]" and "[v6]:port", without a final dot. */
static bool host_part(const char *value, char host[HOST_MAX])
{
	bool bracket = value[0] == '[';
	size_t length = strcspn(value += bracket, bracket ? "]" : ":");
	const char *rest = value + length;

	if (bracket && *rest++ != ']')
		return false;
	if (*rest == ':')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (*rest || length == 0 || length >= HOST_MAX)
		return false;
	memcpy(host, value, length);
	host[length] = '\0';
	if (!bracket && length > 1 && host[length - 1] == '.')
		host[length - 1] = '\0';
	return true;
}

/* A page of another site may have its name resolved to us: such a request carries that site's name. */
static bool host_allowed(const struct config *config, const char *value)
{
	char host[HOST_MAX];
	struct address address;

	if (!host_part(value, host))
		return false;
	if (address_parse(host, &address) || strcasecmp(host, "localhost") == 0)
		return true;
	for (size_t i = 0; i < config->http_host_count; i++)
		if (strcasecmp(host, config->http_hosts[i]) == 0)
			return true;
	return false;
}

/* 0, or the status to refuse with. */
static unsigned check_host(const struct control *control, struct MHD_Connection *connection,
                           const char **message)
{
	struct host_header host = { 0 };

	if (!control->tcp)
		return 0;
	MHD_get_connection_values(connection, MHD_HEADER_KIND, find_host, &host);
	if (host.count != 1 || !host.value) {
		*message = "the request needs one Host header";
		return MHD_HTTP_BAD_REQUEST;
	}
	if (!host_allowed(monitor_config(control->monitor), host.value)) {
		*message = "this host name is not served here; http_hosts in the configuration "
		           "lists those that are";
		return MHD_HTTP_FORBIDDEN;
	}
	return 0;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **context)
{
	struct control *control = arg;
	const struct route *route = find_route(url);
	const char *message;
	unsigned status = check_host(control, connection, &message);

	(void)version;
	(void)data;
	(void)data_size;
	(void)context;
	if (status)
		return refuse(connection, status, message);
	if (!route)
		return refuse(connection, MHD_HTTP_NOT_FOUND,
		              "there is nothing at this path; /v1/status is what there is");
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		              "this path takes GET and HEAD only");
	return route->get(control, connection);
}

/* --- the loop ----------------------------------------------------------------------------------- */

static void turn(struct control *control)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(control->http);
	if (MHD_get_timeout(control->http, &ms) == MHD_YES)
		set_timer(control->timeout, ms);
	else
		event_del(control->timeout);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn(arg);
}

/* shutdown() and not close(): the descriptor is libmicrohttpd's, which sees the end and closes it. */
static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;
	struct connection *connection;
	uint64_t now = clock_ms();

	(void)fd;
	(void)what;
	TAILQ_FOREACH (connection, &control->connections, link) {
		if (connection->cut)
			continue;
		if (connection->deadline_ms > now) {
			set_timer(control->deadline, connection->deadline_ms - now);
			break;
		}
		connection->cut = true;
		shutdown(connection->fd, SHUT_RDWR);
	}
	turn(control);
}

/* --- connections -------------------------------------------------------------------------------- */

static size_t count_uid(const struct control *control, uid_t uid)
{
	const struct connection *connection;
	size_t count = 0;

	TAILQ_FOREACH (connection, &control->connections, link)
		count += connection->uid == uid;
	return count;
}

static bool uid_allowed(const struct control *control, uid_t uid)
{
	if (control->tcp || uid == 0 || uid == geteuid())
		return true;
	return control->count + OTHERS_RESERVE < control->limit &&
	       count_uid(control, uid) < UID_CONNECTIONS;
}

static void connection_free(struct control *control, struct connection *connection)
{
	TAILQ_REMOVE(&control->connections, connection, link);
	free(connection);
	if (control->count-- == control->limit)
		event_add(control->listening, NULL);
}

static struct connection *find_connection(const struct control *control, int fd)
{
	struct connection *connection;

	TAILQ_FOREACH_REVERSE (connection, &control->connections, connection_list, link) {
		if (connection->fd == fd)
			break;
	}
	return connection;
}

/* A connection is entered before libmicrohttpd has it, and struck off when libmicrohttpd is about to close it. */
static void notify(void *arg, struct MHD_Connection *connection, void **context,
                   enum MHD_ConnectionNotificationCode code)
{
	struct control *control = arg;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		*context = info ? find_connection(control, info->connect_fd) : NULL;
	} else if (*context) {
		connection_free(control, *context);
		*context = NULL;
	}
}

static void take(struct control *control, int fd, const struct sockaddr *peer, socklen_t length)
{
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t cred_size = sizeof(cred);
	struct connection *connection;

	if (!control->tcp)
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_size);
	connection = uid_allowed(control, cred.uid) ? calloc(1, sizeof(*connection)) : NULL;
	if (!connection) {
		close(fd);
		return;
	}
	connection->fd = fd;
	connection->uid = cred.uid;
	connection->deadline_ms = clock_ms() + DEADLINE_MS;
	TAILQ_INSERT_TAIL(&control->connections, connection, link);
	if (++control->count == control->limit)
		event_del(control->listening);
	if (!event_pending(control->deadline, EV_TIMEOUT, NULL))
		set_timer(control->deadline, DEADLINE_MS);
	if (MHD_add_connection(control->http, fd, peer, length) == MHD_YES)
		return;
	connection = find_connection(control, fd);
	if (connection)
		connection_free(control, connection);
}

/* Nobody can be let in for now: asking again at once would spin. */
static void pause_accepting(struct control *control, int error)
{
	uint64_t now = clock_ms();

	event_del(control->listening);
	set_timer(control->retry, RETRY_MS);
	if (control->warned_ms && now - control->warned_ms < WARNING_MS)
		return;
	control->warned_ms = now;
	log_warning("the control %s lets nobody in for now: %s", control->tcp ? "port" : "socket",
	            strerror(error));
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;

	(void)fd;
	(void)what;
	if (control->count < control->limit)
		event_add(control->listening, NULL);
}

/* The errors that are of one connection, which is gone; accept(2) lists the network's among them. */
static bool accept_again(int error)
{
	return error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM &&
	       error != EINVAL && error != EBADF && error != ENOTSOCK;
}

static void on_connection(evutil_socket_t listening, short what, void *arg)
{
	struct control *control = arg;
	struct sockaddr_storage peer;

	(void)what;
	for (unsigned i = 0; i < ACCEPTS && control->count < control->limit; i++) {
		socklen_t length = sizeof(peer);
		int fd = accept4(listening, (struct sockaddr *)&peer, &length,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take(control, fd, (struct sockaddr *)&peer, length);
		} else if (errno == EAGAIN) {
			break;
		} else if (!accept_again(errno)) {
			pause_accepting(control, errno);
			break;
		}
	}
	turn(control);
}

/* --- start and end ------------------------------------------------------------------------------ */

static size_t connection_limit(bool tcp)
{
	struct rlimit descriptors;
	size_t limit = tcp ? TCP_CONNECTIONS : UNIX_CONNECTIONS;

	if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 &&
	    descriptors.rlim_cur / DESCRIPTOR_SHARE < limit)
		limit = descriptors.rlim_cur / DESCRIPTOR_SHARE;
	return limit ? limit : 1;
}

/* We accept by ourselves: a limit for each uid, and no spinning when descriptors have run out. */
static bool start_http(struct control *control)
{
	const union MHD_DaemonInfo *info;

	control->http =
	        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, handle,
	                         control, MHD_OPTION_CONNECTION_LIMIT, (unsigned)control->limit,
	                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_LIMIT,
	                         MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
	                         MHD_OPTION_NOTIFY_CONNECTION, notify, control, MHD_OPTION_END);
	if (!control->http)
		return false;
	info = MHD_get_daemon_info(control->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return false;
	control->polling =
	        event_new(control->base, info->epoll_fd, EV_READ | EV_PERSIST, on_turn, control);
	return control->polling && event_add(control->polling, NULL) == 0;
}

static bool start_events(struct control *control, int fd)
{
	control->listening =
	        event_new(control->base, fd, EV_READ | EV_PERSIST, on_connection, control);
	control->timeout = evtimer_new(control->base, on_turn, control);
	control->deadline = evtimer_new(control->base, on_deadline, control);
	control->retry = evtimer_new(control->base, on_retry, control);
	return control->listening && control->timeout && control->deadline && control->retry &&
	       event_add(control->listening, NULL) == 0;
}

struct control *control_new(struct event_base *base, int fd, bool tcp, struct monitor *monitor)
{
	struct control *control = xcalloc(1, sizeof(*control));

	control->base = base;
	control->monitor = monitor;
	control->tcp = tcp;
	control->limit = connection_limit(tcp);
	TAILQ_INIT(&control->connections);
	if (start_http(control) && start_events(control, fd))
		return control;
	control_free(control);
	return NULL;
}

void control_free(struct control *control)
{
	struct event *events[] = { control->listening, control->polling, control->timeout,
		                   control->deadline, control->retry };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_del(events[i]);
	/* Closes every connection; each is struck off by its notice, which may ask for `listening`. */
	if (control->http)
		MHD_stop_daemon(control->http);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	free(control);
}
