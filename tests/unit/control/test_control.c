/* The control API over Unix sockets and loopback TCP, on a monitor of the test's own. */
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/connection/watch.h"
#include "daemon/control/body.h"
#include "daemon/control/control.h"
#include "daemon/control/rights.h"
#include "daemon/monitor/monitor.h"
#include "daemon/monitor/operate.h"
#include "daemon/monitor/operate_fleet.h"
#include "daemon/monitor/override.h"
#include "daemon/monitor/view.h"
#include "daemon/notify/notify.h"
#include "daemon/probe/tally.h"
#include "daemon/publish/clients.h"
#include "daemon/publish/reports.h"
#include "daemon/reload/reload.h"
#include "daemon/report/json.h"
#include "daemon/state/state.h"
#include "shunt/version.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATIENCE_S 60 /* how long a loaded machine may take; nothing waits for it to pass */
#define RECORDS 3000  /* far more than a socket's buffer holds */

/* --- a monitor ---------------------------------------------------------------------------------- */

static const char *const hosts[] = { "monitor.example.com" };
static const uint16_t ports[] = { 443, 8443 };
static char socket_path[] = "/run/a \"quoted\" \xff.sock";
static char control_path[] = "/run/control.sock";
static const struct in_force in_force = { .socket = socket_path, .control = control_path };
static const struct endpoint_config endpoint_configs[] = { { .id = "primary" },
	                                                   { .id = "secondary" } };
static const struct record_config record_configs[] = {
	{ .name = "www.example.com",
	  .rule = { .scope = BALLOT_LOCAL },
	  .endpoints = endpoint_configs,
	  .endpoint_count = 2 },
	{ .name = "a.example.com",
	  .rule = { .scope = BALLOT_QUORUM, .share = 50, .sites = 2 },
	  .endpoints = endpoint_configs,
	  .endpoint_count = 2 },
	{ .name = "b.example.com",
	  .rule = { .scope = BALLOT_UNANIMOUS, .sites = 1 },
	  .endpoints = endpoint_configs,
	  .endpoint_count = 1 },
};
static const struct config config = { .http_hosts = hosts,
	                              .http_host_count = 1,
	                              .records = record_configs,
	                              .record_count = COUNT(record_configs) };
static const struct probe_tally probes;
static const struct clients_counts clients;
static const struct reports_counts reports;
static const struct reload_history reloads;
static struct watch_counts watches;
static const struct metrics_sources sources = { .probes = &probes,
	                                        .clients = &clients,
	                                        .reports = &reports,
	                                        .watches = &watches,
	                                        .reloads = &reloads };
static size_t record_count;
static bool may_write = true; /* our own uid */
static uint64_t generation;

const struct config *monitor_config(const struct monitor *monitor)
{
	(void)monitor;
	return &config;
}

uint64_t monitor_generation(const struct monitor *monitor)
{
	(void)monitor;
	return generation;
}

size_t monitor_record_count(const struct monitor *monitor)
{
	(void)monitor;
	return record_count;
}

bool monitor_is_isolated(const struct monitor *monitor)
{
	(void)monitor;
	return true;
}

const struct reset *monitor_reset(const struct monitor *monitor)
{
	(void)monitor;
	return NULL;
}

struct fleet *monitor_fleet(const struct monitor *monitor)
{
	(void)monitor;
	return NULL;
}

uint64_t monitor_table_inode(const struct monitor *monitor)
{
	(void)monitor;
	return 4711;
}

const struct door *monitor_door(const struct monitor *monitor)
{
	(void)monitor;
	return NULL;
}

bool monitor_is_settled(const struct monitor *monitor)
{
	(void)monitor;
	return true;
}

size_t monitor_override_count(const struct monitor *monitor)
{
	(void)monitor;
	return 0;
}

const struct histogram *monitor_lateness(const struct monitor *monitor)
{
	static const struct histogram none;

	(void)monitor;
	return &none;
}

void notify_count(const struct notify *notify, struct notify_counts *counts)
{
	(void)notify;
	*counts = (struct notify_counts){ 0 };
}

#define STATUS_503 "status 503"

/* What a test may change of it. */
static const char *last_error = STATUS_503;
static int active = 1;

static void fill_record(struct view_record *out)
{
	static const char *const aliases[] = { "www" };
	struct view_endpoint *primary = &out->endpoints[0], *secondary = &out->endpoints[1];

	static const struct override override = {
		.by = "root", .reason = "maintenance", .since = 86400, .until = 86403
	};

	static const struct check web = { .name = "web",
		                          .port = 8080,
		                          .path = "/health",
		                          .interval = 10000,
		                          .rules = { 3, 2 },
		                          .invert = true };

	*out = (struct view_record){ .name = "www.example.com",
		                     .aliases = aliases,
		                     .alias_count = 1,
		                     .answer = active,
		                     .reason = "primary is down",
		                     .rule = REASON_FORCED,
		                     .elected = ELECTION_FAIL,
		                     .ports = ports,
		                     .port_count = 2,
		                     .on_leave = RESET_RESET,
		                     .all_down = ALL_DOWN_FAIL,
		                     .connect = CONNECT_REDIRECT,
		                     .failback = FAILBACK_MANUAL,
		                     .failback_delay_ms = 1000,
		                     .failback_wait_ms = 5000,
		                     .failback_at = 86405,
		                     .since = 86401,
		                     .override = &override,
		                     .forced = 1,
		                     .endpoint_count = 2 };
	*primary = (struct view_endpoint){ .id = "primary",
		                           .health = HEALTH_DOWN,
		                           .check = "http",
		                           .address_count = 1,
		                           .settings = &web,
		                           .min_up = 2 };
	primary->addresses[0] = (struct view_address){ .health = HEALTH_DOWN,
		                                       .answers = true,
		                                       .in_doubt = true,
		                                       .last_error = last_error,
		                                       .last_probe = 86402,
		                                       .certificate_expires = 86403,
		                                       .probes = 7,
		                                       .asked = 8,
		                                       .against = 1,
		                                       .needed = 3,
		                                       .held = 2,
		                                       .watch = "held",
		                                       .no_verdict_since = 86404,
		                                       .no_verdict_side = SIDE_HOST };
	address_parse("192.0.2.1", &primary->addresses[0].address);
	*secondary = (struct view_endpoint){
		.id = "secondary", .health = HEALTH_UP, .error = "NXDOMAIN", .address_count = 2
	};
	secondary->addresses[0] = (struct view_address){
		.health = HEALTH_UP,
		.may_follow = true,
		.latency_us = 1500,
		.part_us = { [PROBE_CONNECT] = 250, [PROBE_FIRST_BYTE] = 1250 }
	};
	secondary->addresses[1] = (struct view_address){ .health = HEALTH_UP, .answers = true };
	address_parse("192.0.2.2", &secondary->addresses[0].address);
	address_parse("2001:db8::2", &secondary->addresses[1].address);
}

void monitor_read(const struct monitor *monitor, size_t index, struct view_record *out)
{
	(void)monitor;
	(void)index;
	fill_record(out);
}

const char *monitor_name(const struct monitor *monitor, size_t index)
{
	(void)monitor;
	(void)index;
	return "www.example.com";
}

bool monitor_find(const struct monitor *monitor, const char *name, size_t *index)
{
	(void)monitor;
	*index = 0;
	return strcmp(name, "www.example.com") == 0 || strcmp(name, "www") == 0;
}

/* What the last request asked of the monitor; `anyway` decides whether "down" is down. */
static char asked[200];

enum operate_forced operate_force(struct monitor *monitor, size_t index,
                                  const struct operate_order *order, char error[OPERATE_ERROR_MAX])
{
	(void)monitor;
	snprintf(asked, sizeof(asked), "%zu %s %u %s %s", index, order->endpoint, order->for_ms,
	         order->reason ? order->reason : "-", order->anyway ? "anyway" : "-");
	snprintf(error, OPERATE_ERROR_MAX, "why not");
	if (strcmp(order->endpoint, "nowhere") == 0)
		return OPERATE_NO_ENDPOINT;
	return strcmp(order->endpoint, "down") == 0 && !order->anyway ? OPERATE_DOWN
	                                                              : OPERATE_FORCED;
}

enum operate_forced operate_reset(struct monitor *monitor, size_t index,
                                  struct operate_reset *order, char error[OPERATE_ERROR_MAX])
{
	(void)monitor;
	(void)index;
	(void)error;
	order->number = 1;
	return OPERATE_FORCED;
}

void operate_auto(struct monitor *monitor, size_t index, const char *by)
{
	(void)monitor;
	snprintf(asked, sizeof(asked), "%zu auto%s", index, *by ? "" : "?");
}

static fleet_done *under_way; /* NULL: no order for the fleet is under way */
static void *under_way_arg;

static enum operate_fleet_result send_order(const char *endpoint, fleet_done *done, void *arg)
{
	static const struct {
		const char *endpoint;
		enum operate_fleet_result result;
	} refusals[] = { { "alone", OPERATE_FLEET_NONE },
		         { "nowhere", OPERATE_FLEET_NO_ENDPOINT },
		         { "down", OPERATE_FLEET_DOWN },
		         { "nobody", OPERATE_FLEET_BAD_HOSTS },
		         { "lost", OPERATE_FLEET_UNSENT } };

	for (size_t i = 0; i < COUNT(refusals); i++) {
		if (strcmp(endpoint, refusals[i].endpoint) == 0)
			return refusals[i].result;
	}
	under_way = done;
	under_way_arg = arg;
	return OPERATE_FLEET_SENT;
}

enum operate_fleet_result operate_fleet_force(struct monitor *monitor, size_t index,
                                              const struct operate_order *order, const char *which,
                                              fleet_done *done, void *arg,
                                              struct fleet_order *given,
                                              char error[OPERATE_ERROR_MAX])
{
	(void)monitor;
	snprintf(asked, sizeof(asked), "%zu %s %u %s %s fleet %s", index, order->endpoint,
	         order->for_ms, order->reason ? order->reason : "-", order->anyway ? "anyway" : "-",
	         which ? which : "-");
	snprintf(error, OPERATE_ERROR_MAX, "why not");
	*given = (struct fleet_order){ .by = "root@db-1", .since = 86400, .until = 86403 };
	snprintf(given->endpoint, sizeof(given->endpoint), "%s", order->endpoint);
	snprintf(given->reason, sizeof(given->reason), "%s", order->reason ? order->reason : "");
	if (which && strcmp(order->endpoint, "nobody") != 0) {
		const char **names = calloc(2, sizeof(*names));

		names[0] = "db-1";
		names[1] = "db-4";
		given->hosts = names;
		given->host_count = 2;
	}
	return send_order(order->endpoint, done, arg);
}

enum operate_fleet_result operate_fleet_auto(struct monitor *monitor, size_t index, const char *by,
                                             fleet_done *done, void *arg,
                                             char error[OPERATE_ERROR_MAX])
{
	(void)monitor;
	(void)error;
	snprintf(asked, sizeof(asked), "%zu auto fleet%s", index, *by ? "" : "?");
	return send_order("", done, arg);
}

void operate_fleet_forget(struct monitor *monitor, const void *arg)
{
	(void)monitor;
	if (arg == under_way_arg)
		under_way = NULL;
}

uint32_t operate_check(struct monitor *monitor, size_t index)
{
	(void)monitor;
	snprintf(asked, sizeof(asked), "%zu check", index);
	return 8000;
}

static const char *reload_error;

void reload_request(struct reload *reload, struct reload_waiter *waiter)
{
	struct reload_result result = { .records = 3 };

	(void)reload;
	result.added.list[0] = "new.example.com";
	result.added.count = 1;
	snprintf(result.error, sizeof(result.error), "%s", reload_error ? reload_error : "");
	waiter->done(waiter, &result);
}

void reload_forget(struct reload *reload, struct reload_waiter *waiter)
{
	(void)reload;
	(void)waiter;
}

static struct state_sync *syncing; /* NULL: nothing waits for the disk */
static char no_state;              /* whose address stands for a state that is kept */

bool state_sync(struct state *state, struct state_sync *sync)
{
	assert_ptr_equal(state, &no_state);
	sync->change = 1;
	syncing = sync;
	return false;
}

void state_sync_forget(struct state_sync *sync)
{
	if (sync == syncing)
		syncing = NULL;
}

/* --- a server and its clients in one loop ------------------------------------------------------- */

struct server {
	struct event_base *base;
	struct control *control;
	int fd;
	bool tcp;
	struct sockaddr_storage address;
	socklen_t length;
};

static bool keeps_state;

static int start(void **state, bool tcp)
{
	struct server *server = calloc(1, sizeof(*server));
	struct sockaddr_in loopback = { .sin_family = AF_INET,
		                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	/* An abstract name that the kernel chooses (unix(7), autobind): nothing to remove. */
	struct sockaddr_un any = { .sun_family = AF_UNIX };

	*state = server;
	record_count = 1;
	generation = 1;
	server->tcp = tcp;
	server->base = event_base_new();
	server->fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(tcp ? bind(server->fd, (void *)&loopback, sizeof(loopback))
	                     : bind(server->fd, (void *)&any, sizeof(sa_family_t)),
	                 0);
	assert_int_equal(listen(server->fd, 1024), 0);
	server->length = sizeof(server->address);
	getsockname(server->fd, (void *)&server->address, &server->length);
	server->control = control_new(
	        &(struct control_parts){ .base = server->base,
	                                 .in_force = &in_force,
	                                 .state = keeps_state ? (struct state *)&no_state : NULL,
	                                 .metrics = sources,
	                                 .fd = server->fd,
	                                 .tcp = tcp,
	                                 .is_private = may_write });
	return server->control ? 0 : -1;
}

static int start_unix(void **state)
{
	return start(state, false);
}

static int start_keeping(void **state)
{
	int result;

	keeps_state = true;
	result = start(state, false);
	keeps_state = false;
	return result;
}

/* Where the tests are root's, as root everybody may. */
static int start_unix_denied(void **state)
{
	int result;

	may_write = false;
	result = start(state, false);
	may_write = true;
	return result;
}

static int start_tcp(void **state)
{
	return start(state, true);
}

static int stop(void **state)
{
	struct server *server = *state;

	control_free(server->control);
	event_base_free(server->base);
	close(server->fd);
	free(server);
	return 0;
}

static int client(const struct server *server, const char *request)
{
	int fd = socket(server->tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const void *)&server->address, server->length), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	return fd;
}

/* One turn of the loop, and what came of it: bytes, 0 for the end, -1 for nothing yet. */
static ssize_t step(const struct server *server, int fd, char *buffer, size_t size)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	ssize_t n;

	event_base_loop(server->base, EVLOOP_NONBLOCK);
	n = recv(fd, buffer, size, 0);
	if (n < 0 && errno != EAGAIN)
		return 0;
	if (n < 0)
		nanosleep(&pause, NULL);
	return n;
}

/* All that comes until the server closes, which it must. The caller frees. */
static char *answer_of(const struct server *server, int fd)
{
	time_t end = time(NULL) + PATIENCE_S;
	char buffer[65536], *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	ssize_t n;

	while ((n = step(server, fd, buffer, sizeof(buffer))) != 0) {
		assert_true(time(NULL) < end);
		if (n > 0)
			fwrite(buffer, 1, (size_t)n, stream);
	}
	fclose(stream);
	close(fd);
	return text;
}

static char *ask(const struct server *server, const char *request)
{
	return answer_of(server, client(server, request));
}

/* --- requests ----------------------------------------------------------------------------------- */

static void requests_are_answered(void **state)
{
	static const struct {
		const char *request, *status, *part;
	} cases[] = {
		{ "GET /v1/status HTTP/1.0\r\n\r\n", "200", "\"records\":[{\"name\":" },
		{ "GET /v1/status?x=y HTTP/1.1\r\nHost: x\r\n\r\n", "200", "Connection: close" },
		{ "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n", "200", "Cache-Control: no-store" },
		{ "HEAD /v1/status HTTP/1.1\r\nHost: x\r\n\r\n", "200", "application/json" },
		{ "GET /v1/statu HTTP/1.1\r\nHost: x\r\n\r\n", "404", "{\"error\":\"" },
		{ "POST /v1/nope HTTP/1.0\r\n\r\n", "404", "{\"error\":\"" },
		{ "POST /v1/status HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", "405",
		  "Allow: GET, HEAD" },
		{ "DELETE /v1/status HTTP/1.0\r\n\r\n", "405", "{\"error\":\"" },
		{ "GET /v1/records/www HTTP/1.0\r\n\r\n", "200", "{\"name\":\"www.example.com\"," },
		{ "HEAD /v1/records/www HTTP/1.0\r\n\r\n", "200", "application/json" },
		{ "GET /v1/records/wwx.example.com HTTP/1.0\r\n\r\n", "404",
		  "wwx.example.com is not a managed name; did you mean www.example.com?" },
		{ "GET /v1/records/x HTTP/1.0\r\n\r\n", "404", "x is not a managed name\"" },
		{ "GET /v1/records/%ff%0a HTTP/1.0\r\n\r\n", "404", "is not a managed name" },
		{ "GET /v1/records/ HTTP/1.0\r\n\r\n", "404", "nothing at this path" },
		{ "GET /v1/records/www/x HTTP/1.0\r\n\r\n", "404", "nothing at this path" },
		{ "DELETE /v1/records/www HTTP/1.0\r\n\r\n", "405", "Allow: GET, HEAD" },
		{ "GET /v1/records/www/force HTTP/1.0\r\n\r\n", "405", "Allow: POST" },
		{ "PUT /v1/records/www/auto HTTP/1.0\r\n\r\n", "405", "Allow: POST" },
		{ "GET /metrics HTTP/1.0\r\n\r\n", "200",
		  "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" },
		{ "POST /metrics HTTP/1.0\r\n\r\n", "405", "Allow: GET, HEAD" },
		{ "GET /v1/reload HTTP/1.0\r\n\r\n", "405", "Allow: POST" },
		{ "POST /v1/reload HTTP/1.0\r\n\r\n", "200",
		  "{\"records\":3,\"added\":{\"count\":1,\"names\":[\"new.example.com\"]}," },
		{ "POST /v1/reload HTTP/1.0\r\nOrigin: http://localhost:8080\r\n\r\n", "403",
		  "a page in a browser may not change anything" },
		{ "GET /v1/status HTTP/1.0\r\nOrigin: null\r\n\r\n", "200", "" },
		{ "POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "200", "" },
		{ "POST /v1/reload HTTP/1.0\r\nContent-Length: 9\r\n\r\n{\"a\":\"b\"}", "400",
		  "a: unknown member; this request takes none" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *answer = ask(*state, cases[i].request);

		assert_memory_equal(answer, "HTTP/1.", 7);
		assert_memory_equal(answer + 9, cases[i].status, 3);
		assert_non_null(strstr(answer, cases[i].part));
		free(answer);
	}
}

#define FORCE                                                                                      \
	"POST /v1/records/www/force HTTP/1.0\r\nContent-Length: 22\r\n\r\n"                        \
	"{\"endpoint\":\"standby\"}"
#define AUTO "POST /v1/records/www/auto HTTP/1.0\r\nContent-Length: 0\r\n\r\n"

static bool is_syncing(void)
{
	return syncing;
}

/* An order that waits for what `begun` says has begun: others are answered meanwhile, it is not. */
static int waiting(const struct server *server, const char *request, bool (*begun)(void))
{
	int fd = client(server, request);
	time_t end = time(NULL) + PATIENCE_S;
	char byte, *other;

	while (!begun()) {
		assert_true(time(NULL) < end);
		event_base_loop(server->base, EVLOOP_NONBLOCK);
	}
	other = ask(server, "GET /v1/records/www HTTP/1.0\r\n\r\n");
	assert_memory_equal(other + 9, "200", 3);
	free(other);
	assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), -1);
	assert_int_equal(errno, EAGAIN);
	return fd;
}

/* The disk has not answered for it yet. */
static int ordered(const struct server *server, const char *request)
{
	return waiting(server, request, is_syncing);
}

static void orders_wait_for_the_disk(void **state)
{
	static const struct {
		const char *request;
		int error;
		const char *warning;
	} cases[] = {
		{ FORCE, 0, NULL },
		{ FORCE, ENOSPC,
		  "\"warning\":\"in force, not saved yet: No space left on device\"}" },
		{ AUTO, 0, NULL },
		{ AUTO, EIO, "\"warning\":\"in force, not saved yet: Input/output error\"}" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = ordered(*state, cases[i].request);
		struct state_sync *sync = syncing;
		char *answer;

		syncing = NULL;
		sync->done(sync, cases[i].error);
		answer = answer_of(*state, fd);
		assert_memory_equal(answer + 9, "200", 3);
		assert_non_null(strstr(answer, "{\"name\":\"www.example.com\","));
		if (cases[i].warning)
			assert_non_null(strstr(answer, cases[i].warning));
		else
			assert_null(strstr(answer, "warning"));
		free(answer);
	}
}

static void a_disk_that_does_not_answer_is_not_waited_for(void **state)
{
	struct timespec begin, end;
	char *answer;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	answer = answer_of(*state, ordered(*state, FORCE));
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_non_null(strstr(answer, "\"warning\":\"in force, not saved yet: the disk has not "
	                               "answered for 3 s\"}"));
	assert_true(end.tv_sec - begin.tv_sec >= 2);
	assert_null(syncing);
	free(answer);
}

static void an_order_whose_client_has_gone(void **state)
{
	struct state_sync *sync;
	char *other;

	close(ordered(*state, FORCE));
	sync = syncing;
	sync->done(sync, 0);
	other = ask(*state, "GET /v1/records/www HTTP/1.0\r\n\r\n");
	free(other);
	/* One that waits when the daemon stops is answered, too. */
	syncing = NULL;
	close(ordered(*state, FORCE));
}

/* --- orders for the fleet ----------------------------------------------------------------------- */

#define TO_FLEET(order, body)                                                                      \
	"POST /v1/records/www/%s HTTP/1.0\r\nContent-Length: %zu\r\n\r\n%s", order, strlen(body),  \
	        body

static bool is_under_way(void)
{
	return under_way;
}

/* etcd has not answered for it yet. */
static int sent_to_fleet(const struct server *server, const char *order, const char *body)
{
	char request[400];

	snprintf(request, sizeof(request), TO_FLEET(order, body));
	return waiting(server, request, is_under_way);
}

static void orders_wait_for_etcd(void **state)
{
	static const struct {
		const char *order, *body, *error, *status, *part, *asked;
	} cases[] = {
		{ "force", "{\"endpoint\":\"standby\",\"fleet\":true}", NULL, "200",
		  "{\"name\":\"www.example.com\",\"order\":{\"endpoint\":\"standby\",\"by\":"
		  "\"root@db-1\",\"reason\":null,\"since\":\"1970-01-02T00:00:00Z\",\"until\":"
		  "\"1970-01-02T00:00:03Z\",\"hosts\":null}}",
		  "0 standby 0 - - fleet -" },
		{ "force",
		  "{\"endpoint\":\"standby\",\"fleet\":true,\"hosts\":\"10%\",\"for\":\"2s\","
		  "\"reason\":\"r\",\"anyway\":true}",
		  NULL, "200", "\"reason\":\"r\",", "0 standby 2000 r anyway fleet 10%" },
		{ "force", "{\"endpoint\":\"standby\",\"fleet\":true,\"hosts\":\"db-1\"}", NULL,
		  "200", "\"hosts\":[\"db-1\",\"db-4\"]}}", "0 standby 0 - - fleet db-1" },
		{ "force", "{\"endpoint\":\"standby\",\"fleet\":true}", "etcd: permission denied",
		  "503", "{\"error\":\"etcd: permission denied\"}", "0 standby 0 - - fleet -" },
		{ "auto", "{\"fleet\":true}", NULL, "200",
		  "{\"name\":\"www.example.com\",\"order\":null}", "0 auto fleet" },
		{ "auto", "{\"fleet\":true}", "etcd: timed out", "503", "etcd: timed out",
		  "0 auto fleet" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = sent_to_fleet(*state, cases[i].order, cases[i].body);
		fleet_done *done = under_way;
		char *answer;

		under_way = NULL;
		done(under_way_arg, cases[i].error);
		answer = answer_of(*state, fd);
		assert_memory_equal(answer + 9, cases[i].status, 3);
		assert_non_null(strstr(answer, cases[i].part));
		assert_string_equal(asked, cases[i].asked);
		free(answer);
	}
}

/* What is refused needs no etcd. */
static void orders_that_are_not_sent(void **state)
{
	static const struct {
		const char *body, *status, *part;
	} cases[] = {
		{ "{\"endpoint\":\"alone\",\"fleet\":true}", "409", "why not" },
		{ "{\"endpoint\":\"nowhere\",\"fleet\":true}", "404", "why not" },
		{ "{\"endpoint\":\"down\",\"fleet\":true}", "409", "why not" },
		{ "{\"endpoint\":\"nobody\",\"fleet\":true,\"hosts\":\"x\"}", "400", "why not" },
		{ "{\"endpoint\":\"lost\",\"fleet\":true}", "503", "why not" },
		{ "{\"endpoint\":\"standby\",\"hosts\":\"10%\"}", "400",
		  "hosts: only an order for the fleet has hosts; add \\\"fleet\\\": true" },
		{ "{\"endpoint\":\"standby\",\"fleet\":true,\"for\":\"1999ms\"}", "400",
		  "for: etcd keeps no time of less than 2s" },
		{ "{\"endpoint\":\"standby\",\"fleet\":\"yes\"}", "400",
		  "fleet: must be true or false" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char request[400], *answer;

		snprintf(request, sizeof(request), TO_FLEET("force", cases[i].body));
		answer = ask(*state, request);
		assert_memory_equal(answer + 9, cases[i].status, 3);
		assert_non_null(strstr(answer, cases[i].part));
		assert_null(under_way);
		free(answer);
	}
}

static void an_order_to_the_fleet_whose_client_has_gone(void **state)
{
	static const char body[] = "{\"endpoint\":\"standby\",\"fleet\":true}";
	fleet_done *done;
	char *other;

	/* libmicrohttpd does not look at a connection that is suspended. */
	close(sent_to_fleet(*state, "force", body));
	done = under_way;
	under_way = NULL;
	done(under_way_arg, NULL);
	other = ask(*state, "GET /v1/records/www HTTP/1.0\r\n\r\n");
	free(other);
	/* One that waits when the daemon stops is answered, too. */
	close(sent_to_fleet(*state, "force", body));
}

/* Without a fleet there is nothing to tell but that; its records are there, and no others. */
static void the_fleet_is_told(void **state)
{
	char *answer;

	record_count = COUNT(record_configs);
	answer = ask(*state, "GET /v1/fleet HTTP/1.0\r\n\r\n");
	assert_memory_equal(answer + 9, "200", 3);
	assert_non_null(strstr(answer, "\r\n\r\n{\"state\":\"off\",\"since\":null,\"error\":null,"
	                               "\"member\":null,\"host\":null,\"site\":null,"
	                               "\"prefix\":null,\"name_taken\":false,\"hosts\":[],"
	                               "\"records\":[\n"));
	assert_non_null(strstr(
	        answer, "{\"name\":\"a.example.com\",\"scope\":\"quorum\",\"share\":50,\"sites\":2,"
	                "\"live\":0,\"agreed\":null,\"endpoints\":[{\"endpoint\":\"primary\","
	                "\"health\":\"unknown\",\"up\":0,\"down\":0,\"unknown\":0,\"sites\":0},"));
	assert_non_null(strstr(
	        answer, "},{\"name\":\"b.example.com\",\"scope\":\"unanimous\",\"share\":null,"));
	assert_non_null(strstr(answer, "\"order\":null,\"hosts\":{}}]}\n"));
	free(answer);
	answer = ask(*state, "GET /v1/fleet?record=www HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(answer, "\"records\":[\n]}\n"));
	free(answer);
	answer = ask(*state, "GET /v1/fleet?record=x HTTP/1.0\r\n\r\n");
	assert_memory_equal(answer + 9, "404", 3);
	free(answer);
}

/* The part of an answer that ends with the empty line, without the fields that depend on a body or on the time. */
static char *head_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(end);
	for (const char *line = answer; line < end + 2; line = strstr(line, "\r\n") + 2)
		if (strncmp(line, "Transfer-Encoding:", 18) != 0 && strncmp(line, "Date:", 5) != 0)
			fprintf(stream, "%.*s\n", (int)strcspn(line, "\r"), line);
	fclose(stream);
	return text;
}

/* RFC 9110, 9.3.2: no byte behind the empty line, whatever the answer is, and the header fields of GET. */
static void head_has_no_body(void **state)
{
	static const char *const paths[] = { "/",
		                             "/v1/status",
		                             "/v1/status?format=tsv",
		                             "/v1/status?format=x",
		                             "/v1/records/www",
		                             "/v1/events?since=x",
		                             "/metrics",
		                             "/nowhere" };

	for (size_t i = 0; i < COUNT(paths); i++) {
		for (int version = 0; version <= 1; version++) {
			char request[100], *got, *answer, *want, *head;

			snprintf(request, sizeof(request),
			         "GET %s HTTP/1.%d\r\nHost: localhost\r\n\r\n", paths[i], version);
			got = ask(*state, request);
			snprintf(request, sizeof(request),
			         "HEAD %s HTTP/1.%d\r\nHost: localhost\r\n\r\n", paths[i], version);
			answer = ask(*state, request);
			want = head_of(got);
			head = head_of(answer);
			assert_string_equal(head, want);
			assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
			free(got);
			free(answer);
			free(want);
			free(head);
		}
	}
}

/* The same of the events, whose GET has no end. */
static void head_of_the_events_has_no_body(void **state)
{
	char *answer = ask(*state, "HEAD /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");

	assert_memory_equal(answer, "HTTP/1.1 200", 12);
	assert_non_null(strstr(answer, "Content-Type: application/x-ndjson\r\n"));
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	free(answer);
}

static void a_bad_configuration_is_told(void **state)
{
	char *answer;

	reload_error = "shunt.conf:1: zebra: unknown setting";
	answer = ask(*state, "POST /v1/reload HTTP/1.0\r\n\r\n");
	reload_error = NULL;
	assert_memory_equal(answer + 9, "422", 3);
	assert_non_null(strstr(answer, "{\"error\":\"shunt.conf:1: zebra: unknown setting\"}"));
	free(answer);
}

/* Each request, the status, a part of the answer, and what the monitor was asked to do. */
static void changes_are_asked_of_the_monitor(void **state)
{
	static const struct {
		const char *path, *body, *status, *part, *asked;
	} cases[] = {
		{ "www/force", "{\"endpoint\": \"secondary\"}", "200",
		  "{\"name\":\"www.example.com\"", "0 secondary 0 - -" },
		{ "www/force",
		  "{\"endpoint\": \"down\", \"for\": \"2h\", \"reason\": \"a b\", \"anyway\": "
		  "true}",
		  "200", "", "0 down 7200000 a b anyway" },
		{ "www/force", "{\"endpoint\": \"down\", \"anyway\": false}", "409",
		  "{\"error\":\"why not\"}", "0 down 0 - -" },
		{ "www/force", "{\"endpoint\": \"nowhere\"}", "404", "{\"error\":\"why not\"}",
		  "0 nowhere 0 - -" },
		{ "nobody/force", "{\"endpoint\": \"secondary\"}", "404", "not a managed name",
		  "" },
		{ "www/force", "", "400", "endpoint: is missing", "" },
		{ "www/force", "rubbish", "400", "must be one JSON object", "" },
		{ "www/force", "{\"endpoint\": \"secondary\", \"for\": 10}", "400",
		  "for: must be a string", "" },
		{ "www/force", "{\"endpoint\": \"secondary\", \"for\": \"10\"}", "400",
		  "for: \\\"10\\\" has no unit; write it as in", "" },
		{ "www/force", "{\"endpoint\": \"secondary\", \"for\": \"soon\"}", "400",
		  "for: \\\"soon\\\" is no duration", "" },
		{ "www/force", "{\"endpoint\": \"secondary\", \"for\": \"577h\"}", "400",
		  "for: \\\"577h\\\" is more than 576h", "" },
		{ "www/force", "{\"endpoint\": \"secondary\", \"for\": \"0s\"}", "400",
		  "for: \\\"0s\\\" is no time at all", "" },
		{ "www/force", "{\"endpoint\": \"secondary\", \"anyways\": true}", "400",
		  "anyways: unknown member; did you mean anyway?", "" },
		{ "www/auto", "", "200", "{\"name\":\"www.example.com\"", "0 auto" },
		{ "www/auto", "{\"endpoint\": \"primary\"}", "400", "endpoint: unknown member",
		  "" },
		{ "www/auto", "{\"fleet\": false}", "200", "{\"name\":\"www.example.com\"",
		  "0 auto" },
		{ "nobody/auto", "", "404", "not a managed name", "" },
		{ "www/check", "{}", "202", "\"within_ms\":8000", "0 check" },
		{ "nobody/check", "", "404", "not a managed name", "" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char request[400], *answer;

		asked[0] = '\0';
		snprintf(request, sizeof(request),
		         "POST /v1/records/%s HTTP/1.0\r\nContent-Length: %zu\r\n\r\n%s",
		         cases[i].path, strlen(cases[i].body), cases[i].body);
		answer = ask(*state, request);
		assert_memory_equal(answer + 9, cases[i].status, 3);
		assert_non_null(strstr(answer, cases[i].part));
		assert_string_equal(asked, cases[i].asked);
		free(answer);
	}
}

/* Of one byte more than there may be nothing is taken, and what comes in pieces is put together. */
static void bodies_are_bounded(void **state)
{
	static const struct {
		size_t size;
		const char *status;
	} cases[] = { { 4096, "200" }, { 4097, "413" }, { 70000, "413" } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t size = cases[i].size, sent = 0;
		char *body = malloc(size), request[100], *answer;
		time_t end = time(NULL) + PATIENCE_S;
		char byte;
		int fd;

		memset(body, ' ', size);
		body[0] = '{';
		body[size - 1] = '}';
		snprintf(request, sizeof(request),
		         "POST /v1/reload HTTP/1.0\r\nContent-Length: %zu\r\n\r\n", size);
		fd = client(*state, request);
		while (sent < size) {
			ssize_t n = send(fd, body + sent, size - sent < 1000 ? size - sent : 1000,
			                 MSG_NOSIGNAL);

			assert_true(n > 0 || errno == EAGAIN);
			sent += n > 0 ? (size_t)n : 0;
			if (sent < size)
				assert_int_equal(step(*state, fd, &byte, 1), -1);
			assert_true(time(NULL) < end);
		}
		answer = answer_of(*state, fd);
		assert_memory_equal(answer + 9, cases[i].status, 3);
		free(answer);
		free(body);
	}
}

static void tcp_never_writes(void **state)
{
	char *answer = ask(*state, "POST /v1/reload HTTP/1.0\r\nHost: localhost\r\n\r\n");

	assert_memory_equal(answer + 9, "405", 3);
	assert_non_null(strstr(answer, "\r\nAllow: "));
	assert_null(strstr(answer, "POST,"));
	free(answer);
	answer = ask(*state, "GET /v1/records/www HTTP/1.0\r\nHost: localhost\r\n\r\n");
	assert_memory_equal(answer + 9, "200", 3);
	free(answer);
	answer = ask(*state, "POST /v1/status HTTP/1.0\r\nHost: localhost\r\n\r\n");
	assert_non_null(strstr(answer, "Allow: GET, HEAD"));
	free(answer);
}

/* --- rights ------------------------------------------------------------------------------------- */

static void who_may_change_things(void **state)
{
	static const gid_t groups[] = { 20, 30 };
	static const struct {
		struct rights rights;
		uid_t uid;
		gid_t gid;
		size_t count;
		bool allowed;
	} cases[] = {
		{ { -1, 30 }, 0, 0, 0, true },        /* root */
		{ { -1, -1 }, 0, 0, 0, true },        /* root, no socket file */
		{ { -1, 30 }, 1000, 30, 0, true },    /* the primary group */
		{ { -1, 30 }, 1000, 1000, 2, true },  /* another of its groups */
		{ { -1, 30 }, 1000, 1000, 1, false }, /* none of them */
		{ { -1, 30 }, 1000, 1000, 0, false },
		{ { -1, -1 }, 1000, -1, 2, false },    /* nothing is nobody's group */
		{ { 1000, -1 }, 1000, 1000, 0, true }, /* the private daemon's own */
		{ { 1000, -1 }, 1001, 1000, 2, false },
		{ { -1, 30 }, -1, 30, 2, false }, /* unknown */
		{ { -1, 30 }, -1, -1, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(rights_allow(&cases[i].rights, cases[i].uid, cases[i].gid, groups,
		                              cases[i].count),
		                 cases[i].allowed);
}

static void others_are_refused(void **state)
{
	char *answer = ask(*state, "POST /v1/reload HTTP/1.0\r\n\r\n");

	assert_memory_equal(answer + 9, geteuid() == 0 ? "200" : "403", 3);
	free(answer);
}

/* --- bodies ------------------------------------------------------------------------------------- */

static void bodies_are_read(void **state)
{
	static const struct {
		const char *body, *error;
	} cases[] = {
		{ "{\"text\": \"a\"}", NULL },
		{ "{\"text\": \"a\", \"flag\": true}", NULL },
		{ "", "text: is missing" },
		{ "{}", "text: is missing" },
		{ "[]", "the body must be one JSON object, as in {\"text\": \"...\"}" },
		{ "null", "the body must be one JSON object, as in {\"text\": \"...\"}" },
		{ "{", "the body must be one JSON object, as in {\"text\": \"...\"}" },
		{ "{} {}", "the body must be one JSON object, as in {\"text\": \"...\"}" },
		{ "{\"text\": \"a\", \"text\": \"b\"}",
		  "the body must be one JSON object, as in {\"text\": \"...\"}" },
		{ "{\"text\": \"a\\u0000b\"}",
		  "the body must be one JSON object, as in {\"text\": \"...\"}" },
		{ "{\"text\": \"\xff\"}",
		  "the body must be one JSON object, as in {\"text\": \"...\"}" },
		{ "{\"text\": 1}", "text: must be a string; write it in double quotes" },
		{ "{\"text\": null}", "text: must be a string; write it in double quotes" },
		{ "{\"text\": \"a\", \"flag\": \"true\"}", "flag: must be true or false" },
		{ "{\"text\": \"a\", \"flga\": true}", "flga: unknown member; did you mean flag?" },
		{ "{\"zebra\": 1}", "zebra: unknown member" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = NULL;
		bool flag = false;
		const struct body_member members[] = {
			{ .name = "text", .text = &text, .required = true },
			{ .name = "flag", .flag = &flag },
			{ 0 },
		};
		char error[BODY_ERROR_MAX] = "";
		json_t *object = body_read(cases[i].body, strlen(cases[i].body), members, error);

		assert_string_equal(error, cases[i].error ? cases[i].error : "");
		assert_int_equal(object != NULL, cases[i].error == NULL);
		if (object)
			assert_string_equal(text, "a");
		if (object)
			assert_int_equal(flag, strstr(cases[i].body, "flag") != NULL);
		json_decref(object);
	}
}

static void rubbish_closes_the_connection(void **state)
{
	static const char *const cases[] = { "\x16\x03\x01\x02\r\n\r\n", "\r\n\r\n\r\nxyz\r\n\r\n",
		                             "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n" };

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *answer = ask(*state, cases[i]);

		assert_null(strstr(answer, " 200 "));
		free(answer);
	}
}

static void tcp_serves_known_hosts_only(void **state)
{
	static const struct {
		const char *header, *status;
	} cases[] = {
		{ "Host: 127.0.0.1\r\n", "200" },
		{ "Host: 127.0.0.1:9469\r\n", "200" },
		{ "Host: [::1]:80\r\n", "200" },
		{ "host: LOCALHOST\r\n", "200" },
		{ "Host: localhost.\r\n", "200" },
		{ "Host: Monitor.example.COM:1\r\n", "200" },
		{ "", "400" },
		{ "Host: localhost\r\nHost: localhost\r\n", "400" },
		{ "Host: evil.example\r\n", "403" },
		{ "Host: localhost.evil.example\r\n", "403" },
		{ "Host: 127.0.0.1.evil.example\r\n", "403" },
		{ "Host: localhost:80x\r\n", "403" },
		{ "Host: [::1\r\n", "403" },
		{ "Host: []\r\n", "403" },
		{ "Host: :80\r\n", "403" },
		{ "Host: localhost@evil.example\r\n", "403" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char request[200], *answer;

		snprintf(request, sizeof(request), "GET /v1/status HTTP/1.1\r\n%s\r\n",
		         cases[i].header);
		answer = ask(*state, request);
		assert_memory_equal(answer + 9, cases[i].status, 3);
		free(answer);
	}
}

/* --- the answer --------------------------------------------------------------------------------- */

static json_t *body_of(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");
	json_t *json;

	assert_non_null(body);
	json = json_loads(body + 4, 0, NULL);
	assert_non_null(json);
	return json;
}

/* Fields are only ever added: this is what readers rely on. */
static void the_status_is_as_documented(void **state)
{
	char *answer = ask(*state, "GET /v1/status HTTP/1.0\r\n\r\n");
	json_t *json = body_of(answer);
	json_t *record = json_array_get(json_object_get(json, "records"), 0);
	json_t *expected = json_loads(
	        "{\"name\":\"www.example.com\",\"aliases\":[\"www\"],\"active\":\"secondary\","
	        "\"answer\":[\"2001:db8::2\"],\"reason\":\"primary is down\","
	        "\"rule\":\"forced\",\"elected\":null,\"failback\":{\"policy\":\"manual\","
	        "\"delay_ms\":1000,\"wait_ms\":5000,\"at\":\"1970-01-02T00:00:05Z\"},"
	        "\"since\":\"1970-01-02T00:00:01Z\",\"forced\":true,\"override\":{\"endpoint\":"
	        "\"secondary\",\"by\":\"root\",\"uid\":0,"
	        "\"reason\":\"maintenance\",\"since\":\"1970-01-02T00:00:00Z\","
	        "\"until\":\"1970-01-02T00:00:03Z\"},\"holds\":false,\"all_down\":\"fail\","
	        "\"ports\":[443,8443],\"on_leave\":\"reset\",\"on_return\":\"keep\","
	        "\"connect\":\"redirect\",\"fleet\":null,"
	        "\"endpoints\":["
	        "{\"id\":\"primary\",\"health\":\"down\",\"check\":\"http\",\"error\":null,"
	        "\"check_settings\":{\"name\":\"web\",\"port\":8080,\"path\":\"/health\","
	        "\"interval_ms\":10000,\"fall\":3,\"rise\":2,\"invert\":true,"
	        "\"disabled\":false},\"min_up\":2,"
	        "\"addresses\":[{\"address\":\"192.0.2.1\",\"health\":\"down\",\"answers\":true,"
	        "\"may_follow\":false,\"in_doubt\":true,"
	        "\"last_error\":\"status 503\",\"latency_ms\":null,"
	        "\"connect_ms\":null,\"tls_ms\":null,\"first_byte_ms\":null,"
	        "\"last_probe\":\"1970-01-02T00:00:02Z\","
	        "\"certificate_expires\":\"1970-01-02T00:00:03Z\",\"probes\":7,\"asked\":8,"
	        "\"against\":1,\"needed\":3,\"held\":2,\"watch\":\"held\","
	        "\"no_verdict_since\":\"1970-01-02T00:00:04Z\",\"no_verdict_side\":\"host\"}]},"
	        "{\"id\":\"secondary\",\"health\":\"up\",\"check\":null,\"error\":\"NXDOMAIN\","
	        "\"check_settings\":null,\"min_up\":0,"
	        "\"addresses\":[{\"address\":\"192.0.2.2\",\"health\":\"up\",\"answers\":false,"
	        "\"may_follow\":true,\"in_doubt\":false,"
	        "\"last_error\":null,\"latency_ms\":1.5,\"last_probe\":null,"
	        "\"connect_ms\":0.25,\"tls_ms\":null,\"first_byte_ms\":1.25,"
	        "\"certificate_expires\":null,\"probes\":0,\"asked\":0,"
	        "\"against\":0,\"needed\":null,\"held\":0,\"watch\":null,\"no_verdict_since\":null,"
	        "\"no_verdict_"
	        "side\":null},"
	        "{\"address\":\"2001:db8::2\",\"health\":\"up\",\"answers\":true,\"may_follow\":"
	        "false,\"in_doubt\":false,"
	        "\"last_error\":null,\"latency_ms\":null,\"last_probe\":null,"
	        "\"connect_ms\":null,\"tls_ms\":null,\"first_byte_ms\":null,"
	        "\"certificate_expires\":null,\"probes\":0,\"asked\":0,"
	        "\"against\":0,\"needed\":null,\"held\":0,\"watch\":null,\"no_verdict_since\":null,"
	        "\"no_verdict_"
	        "side\":null}]}"
	        "]}",
	        0, NULL);

	assert_non_null(expected);
	assert_true(json_equal(record, expected));
	assert_true(json_is_true(json_object_get(json, "settled")));
	assert_true(json_is_true(json_object_get(json, "isolated")));
	assert_int_equal(json_integer_value(json_object_get(json, "pid")), getpid());
	assert_int_equal(json_integer_value(json_object_get(json, "table")), 4711);
	assert_true(json_is_string(json_object_get(json, "version")));
	assert_string_equal(json_string_value(json_object_get(json, "socket")),
	                    "/run/a \"quoted\" ?.sock");
	assert_string_equal(json_string_value(json_object_get(json, "control")),
	                    "/run/control.sock");
	json_decref(expected);
	json_decref(json);
	free(answer);
}

/* For a table of a thousand names: lines, and nothing that it does not show. */
static void the_status_as_lines(void **state)
{
	char *answer = ask(*state, "GET /v1/status?format=tsv HTTP/1.0\r\n\r\n");

	assert_non_null(strstr(answer, "\r\nContent-Type: text/tab-separated-values\r\n"));
	assert_non_null(strstr(answer,
	                       "\r\n\r\nstatus\t" SHUNT_VERSION "\ttrue\ttrue\t\t\n"
	                       "record\twww.example.com\tsecondary\t2001:db8::2\t86401\tfail\t"
	                       "primary is down\n"
	                       "endpoint\tprimary\tdown\thttp\t\n"
	                       "address\t192.0.2.1\tdown\t\tno verdict since "
	                       "1970-01-02T00:00:04Z (this host): status 503\theld\n"
	                       "endpoint\tsecondary\tup\t\tNXDOMAIN\n"
	                       "address\t192.0.2.2\tup\t1.500\t\t\n"
	                       "address\t2001:db8::2\tup\t\t\t\n"
	                       "end\n"));
	free(answer);
}

/* Whoever asks for one name gets the head, its record and the end; or why not. */
static void the_status_of_one_name(void **state)
{
	json_t *json, *records;
	char *answer;

	record_count = 3;
	answer = ask(*state, "GET /v1/status?record=www HTTP/1.0\r\n\r\n");
	json = body_of(answer);
	records = json_object_get(json, "records");
	assert_int_equal(json_array_size(records), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(records, 0), "name")),
	                    "www.example.com");
	assert_true(json_is_true(json_object_get(json, "settled")));
	json_decref(json);
	free(answer);
	answer = ask(*state, "GET /v1/status?format=tsv&record=www HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(answer, "\nrecord\twww.example.com\t"));
	assert_non_null(strstr(answer, "\naddress\t2001:db8::2\tup\t\t\t\nend\n"));
	free(answer);
	answer = ask(*state, "GET /v1/status?record=ww HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(answer, " 404 "));
	assert_non_null(strstr(answer, "{\"error\":\"ww is not a managed name"));
	free(answer);
}

static void an_unknown_format_is_refused(void **state)
{
	char *answer = ask(*state, "GET /v1/status?format=xml HTTP/1.0\r\n\r\n");

	assert_non_null(strstr(answer, " 400 "));
	assert_non_null(strstr(
	        answer, "{\"error\":\"format: unknown value \\\"xml\\\"; give json or tsv\"}"));
	free(answer);
}

/* No answer, and text that would break a line. */
static void a_line_is_a_line(void **state)
{
	char *answer;

	active = ELECTION_FAIL;
	last_error = "a\tb\n\x1b[2J\xc3\xa9 ~";
	answer = ask(*state, "GET /v1/status?format=tsv HTTP/1.0\r\n\r\n");
	active = 1;
	last_error = STATUS_503;
	assert_non_null(
	        strstr(answer, "\nrecord\twww.example.com\t\t\t86401\tfail\tprimary is down\n"));
	assert_non_null(strstr(answer, "\naddress\t192.0.2.1\tdown\t\tno verdict since "
	                               "1970-01-02T00:00:04Z (this host): a?b??[2J?? ~\theld\n"));
	free(answer);
}

/* What they say is test_metrics's. */
static void the_metrics_are_served(void **state)
{
	char *answer = ask(*state, "GET /metrics HTTP/1.0\r\n\r\n");

	assert_non_null(strstr(answer, "\r\n\r\n# HELP shunt_build_info "));
	assert_non_null(strstr(answer, "\nshunt_isolated 1\n"));
	assert_non_null(strstr(answer, "\nshunt_record_active{record=\"www.example.com\","
	                               "endpoint=\"secondary\"} 1\n"));
	assert_non_null(strstr(answer, "\n# HELP shunt_certificate_expiry_timestamp_seconds "));
	free(answer);
}

static void no_endpoint_answers(void **state)
{
	struct view_record record;
	char *text;
	json_t *json;

	(void)state;
	fill_record(&record);
	record.answer = ELECTION_DNS;
	text = report_record(&record);
	json = json_loads(text, 0, NULL);
	assert_true(json_is_null(json_object_get(json, "active")));
	assert_int_equal(json_array_size(json_object_get(json, "answer")), 0);
	json_decref(json);
	free(text);
}

static void any_number_of_records_is_told(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 64, 65, RECORDS };

	for (size_t i = 0; i < COUNT(counts); i++) {
		char *answer;
		json_t *json;

		record_count = counts[i];
		answer = ask(*state, "GET /v1/status HTTP/1.0\r\n\r\n");
		json = body_of(answer);
		assert_int_equal(json_array_size(json_object_get(json, "records")), counts[i]);
		json_decref(json);
		free(answer);
	}
}

/* Two halves that do not belong together are worse than one that visibly ends too soon. */
static void a_reload_breaks_an_answer_off(void **state)
{
	char first, *answer;
	int fd;

	record_count = RECORDS;
	fd = client(*state, "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n");
	for (time_t end = time(NULL) + PATIENCE_S; step(*state, fd, &first, 1) != 1;)
		assert_true(time(NULL) < end);
	generation++;
	answer = answer_of(*state, fd);
	assert_null(strstr(answer, "\r\n0\r\n"));
	free(answer);
}

/* Clients that never read, never write or went away: the next one is served, and the end is clean. */
static void bad_clients_hurt_nobody(void **state)
{
	int fds[200];
	char *answer;

	record_count = RECORDS;
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = client(*state, i % 3 == 0   ? ""
		                        : i % 3 == 1 ? "GET /v1/sta"
		                                     : "GET /v1/status HTTP/1.0\r\n\r\n");
	answer = ask(*state, "GET /v1/status HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(answer, "]}\n"));
	free(answer);
	for (size_t i = 0; i < COUNT(fds) / 2; i++)
		close(fds[i]);
	event_base_loop(((struct server *)*state)->base, EVLOOP_NONBLOCK);
	stop(state);
	for (size_t i = COUNT(fds) / 2; i < COUNT(fds); i++)
		close(fds[i]);
	assert_int_equal(start_unix(state), 0);
}

/* Over the limit of 64 they wait, and are served when others end. */
static void tcp_connections_are_limited(void **state)
{
	int fds[64], late;
	char buffer[100], *answer;

	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = client(*state, "");
	late = client(*state, "GET /v1/status HTTP/1.0\r\nHost: localhost\r\n\r\n");
	for (int i = 0; i < 100; i++)
		assert_int_equal(step(*state, late, buffer, sizeof(buffer)), -1);
	close(fds[0]);
	answer = answer_of(*state, late);
	assert_non_null(strstr(answer, " 200 "));
	free(answer);
	for (size_t i = 1; i < COUNT(fds); i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_are_answered, start_unix, stop),
		cmocka_unit_test_setup_teardown(head_has_no_body, start_unix, stop),
		{ "head_has_no_body_on_tcp", head_has_no_body, start_tcp, stop, NULL },
		cmocka_unit_test_setup_teardown(head_of_the_events_has_no_body, start_unix, stop),
		cmocka_unit_test_setup_teardown(a_bad_configuration_is_told, start_unix, stop),
		cmocka_unit_test_setup_teardown(changes_are_asked_of_the_monitor, start_unix, stop),
		cmocka_unit_test_setup_teardown(bodies_are_bounded, start_unix, stop),
		cmocka_unit_test_setup_teardown(tcp_never_writes, start_tcp, stop),
		cmocka_unit_test(who_may_change_things),
		cmocka_unit_test_setup_teardown(others_are_refused, start_unix_denied, stop),
		cmocka_unit_test(bodies_are_read),
		cmocka_unit_test_setup_teardown(rubbish_closes_the_connection, start_unix, stop),
		cmocka_unit_test_setup_teardown(tcp_serves_known_hosts_only, start_tcp, stop),
		cmocka_unit_test_setup_teardown(the_status_is_as_documented, start_unix, stop),
		cmocka_unit_test_setup_teardown(the_status_as_lines, start_unix, stop),
		cmocka_unit_test_setup_teardown(the_status_of_one_name, start_unix, stop),
		cmocka_unit_test_setup_teardown(an_unknown_format_is_refused, start_unix, stop),
		cmocka_unit_test_setup_teardown(a_line_is_a_line, start_unix, stop),
		cmocka_unit_test_setup_teardown(the_metrics_are_served, start_unix, stop),
		cmocka_unit_test_setup_teardown(orders_wait_for_the_disk, start_keeping, stop),
		cmocka_unit_test_setup_teardown(a_disk_that_does_not_answer_is_not_waited_for,
		                                start_keeping, stop),
		cmocka_unit_test_setup_teardown(an_order_whose_client_has_gone, start_keeping,
		                                stop),
		cmocka_unit_test_setup_teardown(orders_wait_for_etcd, start_unix, stop),
		cmocka_unit_test_setup_teardown(orders_that_are_not_sent, start_unix, stop),
		cmocka_unit_test_setup_teardown(an_order_to_the_fleet_whose_client_has_gone,
		                                start_unix, stop),
		cmocka_unit_test_setup_teardown(the_fleet_is_told, start_unix, stop),
		cmocka_unit_test(no_endpoint_answers),
		cmocka_unit_test_setup_teardown(any_number_of_records_is_told, start_unix, stop),
		cmocka_unit_test_setup_teardown(a_reload_breaks_an_answer_off, start_unix, stop),
		cmocka_unit_test_setup_teardown(bad_clients_hurt_nobody, start_unix, stop),
		cmocka_unit_test_setup_teardown(tcp_connections_are_limited, start_tcp, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
