/*
 * One process that speaks for many hosts of a fleet, to one member of etcd by its HTTP gateway, with
 * the calls that a daemon makes: a lease, the host's key under it, the range of all keys, a watch on
 * them, and keepalives.
 *
 *   fleet_hosts ADDRESS PORT HOSTS LEASE_S
 *
 * The hosts join in two steps, first all keys, then all watches, or each would be told of each. It
 * prints a line of JSON when all have joined, and one for each command on its input:
 *
 *   report     what the hosts have sent and received since the last report
 *   vote N     N hosts write their key anew; the line comes when each host's watch has shown all N
 *
 * Bytes are those of HTTP, without TCP's and IP's own. A call that fails is counted and made again.
 * It stops with a message when etcd ends a connection: this measures, it does not recover.
 */
#include <arpa/inet.h>
#include <err.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define JOINING_MAX                                                                                \
	32u /* hosts that join at a time, as after a restart of etcd, spread by jitter */
#define LONG_LEASE_S 20u /* from here on it is kept alive twice in its time, not three times */
#define BODY_MAX 4096u
#define PREFIX "/shunt/bench/hosts/"
#define PREFIX_END "/shunt/bench/hosts0" /* the first key after all of them */

/* What a host waits for on the connection for its calls. */
enum step { IDLE, GRANT, PUT, RANGE, KEEPALIVE, VOTE };

struct link {
	struct bufferevent *stream;
	struct host *host;
};

struct host {
	struct fleet *fleet;
	struct link calls, watch;
	struct event *keepalive;
	enum step step;
	unsigned number;
	unsigned seen;   /* events of the watch since the last vote began */
	bool voting;     /* to vote as soon as the call that is under way has ended */
	char lease[24];  /* its id: a 64-bit number in decimal */
	char resume[24]; /* the revision that the watch begins at */
};

struct fleet {
	struct event_base *base;
	struct sockaddr_in at;
	struct host *hosts;
	unsigned count, lease_s;
	unsigned begun, written, watching;
	uint64_t sent, received, calls, events, errors; /* since the last report */
	double since_s, started_s;
	unsigned voters, voted, half,
	        whole; /* of the vote under way; the hosts that saw half, all of it */
	double voted_s, half_s;
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char *base64(const char *text, char *out)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t size = strlen(text), at = 0;

	for (size_t i = 0; i < size; i += 3) {
		uint32_t bits = (uint32_t)(unsigned char)text[i] << 16;

		bits |= i + 1 < size ? (uint32_t)(unsigned char)text[i + 1] << 8 : 0;
		bits |= i + 2 < size ? (uint32_t)(unsigned char)text[i + 2] : 0;
		out[at++] = digits[bits >> 18];
		out[at++] = digits[bits >> 12 & 63];
		out[at++] = i + 1 < size ? digits[bits >> 6 & 63] : '=';
		out[at++] = i + 2 < size ? digits[bits & 63] : '=';
	}
	out[at] = 0;
	return out;
}

static void post(struct link *link, const char *path, const char *body)
{
	struct evbuffer *out = bufferevent_get_output(link->stream);
	size_t before = evbuffer_get_length(out);

	evbuffer_add_printf(out,
	                    "POST /v3/%s HTTP/1.1\r\nHost: etcd\r\nAccept: */*\r\n"
	                    "Content-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
	                    path,
	                    strcmp(path, "watch") == 0 ? "Grpc-Metadata-hasleader: true\r\n" : "",
	                    strlen(body), body);
	link->host->fleet->sent += evbuffer_get_length(out) - before;
	link->host->fleet->calls++;
}

static void call(struct host *host, enum step step, const char *path, const char *body)
{
	host->step = step;
	post(&host->calls, path, body);
}

/* The key's value is as long as that of a host with one record. */
static void put(struct host *host, enum step step)
{
	char key[64], key64[128], value[512], value64[1024], body[BODY_MAX];

	snprintf(key, sizeof(key), PREFIX "host-%05u", host->number);
	snprintf(value, sizeof(value),
	         "{\"v\":1,\"id\":\"%032x\",\"site\":\"site-%u\",\"version\":\"1.0.0\","
	         "\"isolated\":false,"
	         "\"records\":{\"db.example.com\":{\"health\":{\"primary\":\"down\",\"secondary\":"
	         "\"up\"},"
	         "\"prefers\":\"secondary\",\"answers\":\"secondary\",\"since\":1764500000}}}",
	         host->number, host->number % 3);
	snprintf(body, sizeof(body), "{\"key\":\"%s\",\"value\":\"%s\",\"lease\":\"%s\"}",
	         base64(key, key64), base64(value, value64), host->lease);
	call(host, step, "kv/put", body);
}

static void grant(struct host *host)
{
	char body[64];

	snprintf(body, sizeof(body), "{\"TTL\":\"%u\"}", host->fleet->lease_s);
	call(host, GRANT, "lease/grant", body);
}

/* For its revision: what a range of all keys costs is no part of what is measured. */
static void range(struct host *host)
{
	char from[64], to[64], body[256];

	snprintf(body, sizeof(body), "{\"key\":\"%s\",\"range_end\":\"%s\",\"limit\":\"1\"}",
	         base64(PREFIX, from), base64(PREFIX_END, to));
	call(host, RANGE, "kv/range", body);
}

static void keep_alive(struct host *host)
{
	char body[64];

	snprintf(body, sizeof(body), "{\"ID\":\"%s\"}", host->lease);
	call(host, KEEPALIVE, "lease/keepalive", body);
}

static void watch(struct host *host)
{
	char from[64], to[64], body[256];

	snprintf(body, sizeof(body),
	         "{\"create_request\":{\"key\":\"%s\",\"range_end\":\"%s\",\"start_revision\":\"%"
	         "s\"}}",
	         base64(PREFIX, from), base64(PREFIX_END, to), host->resume);
	post(&host->watch, "watch", body);
}

/* A number that stands in quotes behind `name`. */
static void number_of(const char *answer, const char *name, char *out, size_t size)
{
	const char *at = strstr(answer, name);

	if (!at)
		errx(1, "no %s in: %s", name, answer);
	at += strlen(name);
	snprintf(out, size, "%.*s", (int)strspn(at, "0123456789"), at);
}

static void begin_next(struct fleet *fleet);

static void keepalive_due(evutil_socket_t fd, short what, void *arg)
{
	struct host *host = arg;

	(void)fd;
	(void)what;
	if (host->step == IDLE)
		keep_alive(host);
}

/* As often as a daemon does it. */
static void plan_keepalives(struct host *host)
{
	const uint64_t every_ms = host->fleet->lease_s * UINT64_C(1000) /
	                          (host->fleet->lease_s < LONG_LEASE_S ? 3 : 2);
	struct timeval every = { .tv_sec = (time_t)(every_ms / 1000),
		                 .tv_usec = (suseconds_t)(every_ms % 1000 * 1000) };

	host->keepalive = event_new(host->fleet->base, -1, EV_PERSIST, keepalive_due, host);
	event_add(host->keepalive, &every);
}

static void key_written(struct host *host)
{
	struct fleet *fleet = host->fleet;

	plan_keepalives(host);
	fleet->written++;
	begin_next(fleet);
	if (fleet->written == fleet->count)
		for (unsigned i = 0; i < fleet->count; i++)
			range(&fleet->hosts[i]);
}

static void host_joined(struct fleet *fleet)
{
	if (++fleet->watching < fleet->count)
		return;
	printf("{\"joined\":%u,\"seconds\":%.3f}\n", fleet->count, now_s() - fleet->started_s);
	fflush(stdout);
}

static void vote_over(struct fleet *fleet)
{
	double now = now_s();

	printf("{\"voters\":%u,\"written_s\":%.4f,\"half_s\":%.4f,\"all_s\":%.4f}\n", fleet->voters,
	       fleet->voted_s - fleet->started_s, fleet->half_s - fleet->started_s,
	       now - fleet->started_s);
	fflush(stdout);
	fleet->voters = 0;
}

static void vote_seen(struct fleet *fleet)
{
	if (fleet->whole == fleet->count && fleet->voted == fleet->voters)
		vote_over(fleet);
}

static void count_vote(struct fleet *fleet)
{
	if (++fleet->voted == fleet->voters)
		fleet->voted_s = now_s();
	vote_seen(fleet);
}

/* The call under way, once more. */
static void repeat(struct host *host)
{
	host->fleet->errors++;
	switch (host->step) {
	case GRANT: grant(host); break;
	case PUT:
	case VOTE: put(host, host->step); break;
	case RANGE: range(host); break;
	case KEEPALIVE:
	case IDLE: keep_alive(host); break;
	}
}

static void answered(struct host *host, const char *answer)
{
	enum step step = host->step;
	char revision[24];

	host->step = IDLE;
	if (step == GRANT) {
		number_of(answer, "\"ID\":\"", host->lease, sizeof(host->lease));
		put(host, PUT);
	} else if (step == PUT) {
		key_written(host);
	} else if (step == RANGE) {
		number_of(answer, "\"revision\":\"", revision, sizeof(revision));
		snprintf(host->resume, sizeof(host->resume), "%llu",
		         strtoull(revision, NULL, 10) + 1);
		watch(host);
		host_joined(host->fleet);
	} else if (step == VOTE) {
		count_vote(host->fleet);
	}
	if (host->voting && host->step == IDLE) {
		host->voting = false;
		put(host, VOTE);
	}
}

/* The size of the first whole answer in the buffer, or 0: by its length, or its last chunk. */
static size_t whole(struct evbuffer *in)
{
	struct evbuffer_ptr head = evbuffer_search(in, "\r\n\r\n", 4, NULL), found, end;
	size_t size = evbuffer_get_length(in);

	if (head.pos < 0)
		return 0;
	found = evbuffer_search(in, "Content-Length: ", 16, NULL);
	if (found.pos >= 0 && found.pos < head.pos) {
		char digits[16] = "";

		evbuffer_ptr_set(in, &found, 16, EVBUFFER_PTR_ADD);
		evbuffer_copyout_from(in, &found, digits, sizeof(digits) - 1);
		head.pos += 4 + (ev_ssize_t)strtoul(digits, NULL, 10);
		return size >= (size_t)head.pos ? (size_t)head.pos : 0;
	}
	found = evbuffer_search(in, "\r\n0\r\n", 5, &head);
	if (found.pos < 0)
		return 0;
	evbuffer_ptr_set(in, &found, 3, EVBUFFER_PTR_ADD);
	end = evbuffer_search(in, "\r\n\r\n", 4, &found);
	return end.pos < 0 ? 0 : (size_t)end.pos + 4;
}

static void calls_read(struct bufferevent *stream, void *arg)
{
	struct link *link = arg;
	struct evbuffer *in = bufferevent_get_input(stream);
	size_t size = whole(in);
	char *text;

	if (size == 0)
		return;
	text = malloc(size + 1);
	if (!text)
		err(1, "malloc");
	evbuffer_remove(in, text, size);
	text[size] = 0;
	link->host->fleet->received += size;
	if (strncmp(text, "HTTP/1.1 200", 12) == 0)
		answered(link->host, text);
	else
		repeat(link->host);
	free(text);
}

/* How often `word` stands in the buffer, which is drained but for what may be the start of one. */
static unsigned drain(struct evbuffer *in, const char *word, uint64_t *bytes)
{
	size_t length = strlen(word), size = evbuffer_get_length(in);
	struct evbuffer_ptr at = evbuffer_search(in, word, length, NULL);
	unsigned count = 0;
	size_t after = 0;

	for (; at.pos >= 0; at = evbuffer_search(in, word, length, &at)) {
		count++;
		after = (size_t)at.pos + length;
		evbuffer_ptr_set(in, &at, length, EVBUFFER_PTR_ADD);
	}
	if (size - after >= length)
		after = size - length + 1;
	*bytes += after;
	evbuffer_drain(in, after);
	return count;
}

static void watch_read(struct bufferevent *stream, void *arg)
{
	struct link *link = arg;
	struct fleet *fleet = link->host->fleet;
	unsigned before = link->host->seen;

	link->host->seen +=
	        drain(bufferevent_get_input(stream), "\"mod_revision\"", &fleet->received);
	fleet->events += link->host->seen - before;
	if (fleet->voters == 0)
		return;
	if (before <= fleet->voters / 2 && link->host->seen > fleet->voters / 2) {
		if (++fleet->half == fleet->count)
			fleet->half_s = now_s();
	}
	if (before < fleet->voters && link->host->seen >= fleet->voters) {
		fleet->whole++;
		vote_seen(fleet);
	}
}

static void link_event(struct bufferevent *stream, short what, void *arg)
{
	struct link *link = arg;

	(void)stream;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		errx(1, "host %u: etcd ended a connection", link->host->number);
}

static void open_link(struct link *link, struct host *host, bufferevent_data_cb read)
{
	struct fleet *fleet = host->fleet;
	int on = 1;

	link->host = host;
	link->stream = bufferevent_socket_new(fleet->base, -1, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(link->stream, read, NULL, link_event, link);
	bufferevent_enable(link->stream, EV_READ | EV_WRITE);
	if (bufferevent_socket_connect(link->stream, (struct sockaddr *)&fleet->at,
	                               sizeof(fleet->at)) != 0)
		err(1, "connect");
	setsockopt(bufferevent_getfd(link->stream), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void begin_next(struct fleet *fleet)
{
	while (fleet->begun < fleet->count && fleet->begun - fleet->written < JOINING_MAX) {
		struct host *host = &fleet->hosts[fleet->begun];

		host->fleet = fleet;
		host->number = fleet->begun++;
		open_link(&host->calls, host, calls_read);
		open_link(&host->watch, host, watch_read);
		grant(host);
	}
}

static void report(struct fleet *fleet)
{
	double now = now_s();

	printf("{\"seconds\":%.3f,\"calls\":%llu,\"sent\":%llu,\"received\":%llu,"
	       "\"events\":%llu,\"errors\":%llu}\n",
	       now - fleet->since_s, (unsigned long long)fleet->calls,
	       (unsigned long long)fleet->sent, (unsigned long long)fleet->received,
	       (unsigned long long)fleet->events, (unsigned long long)fleet->errors);
	fflush(stdout);
	fleet->since_s = now;
	fleet->calls = fleet->sent = fleet->received = fleet->events = fleet->errors = 0;
}

static void vote(struct fleet *fleet, unsigned voters)
{
	fleet->voters = voters;
	fleet->voted = fleet->half = fleet->whole = 0;
	fleet->started_s = now_s();
	for (unsigned i = 0; i < fleet->count; i++)
		fleet->hosts[i].seen = 0;
	for (unsigned i = 0; i < voters; i++) {
		if (fleet->hosts[i].step == IDLE)
			put(&fleet->hosts[i], VOTE);
		else
			fleet->hosts[i].voting = true;
	}
}

static void command(evutil_socket_t fd, short what, void *arg)
{
	struct fleet *fleet = arg;
	char line[64];
	unsigned voters;

	(void)fd;
	(void)what;
	if (!fgets(line, sizeof(line), stdin))
		exit(0);
	if (sscanf(line, "vote %u", &voters) == 1 && voters > 0 && voters <= fleet->count)
		vote(fleet, voters);
	else if (strcmp(line, "report\n") == 0)
		report(fleet);
	else
		errx(1, "no such command: %s", line);
}

static void read_arguments(struct fleet *fleet, char **argv)
{
	fleet->at.sin_family = AF_INET;
	fleet->at.sin_port = htons((uint16_t)atoi(argv[2]));
	fleet->count = (unsigned)atoi(argv[3]);
	fleet->lease_s = (unsigned)atoi(argv[4]);
	if (inet_pton(AF_INET, argv[1], &fleet->at.sin_addr) != 1 || fleet->count == 0 ||
	    fleet->lease_s == 0)
		errx(64, "usage: fleet_hosts ADDRESS PORT HOSTS LEASE_S");
}

int main(int argc, char **argv)
{
	struct fleet fleet = { 0 };
	struct rlimit files;

	if (argc != 5)
		errx(64, "usage: fleet_hosts ADDRESS PORT HOSTS LEASE_S");
	read_arguments(&fleet, argv);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	setvbuf(stdin, NULL, _IONBF, 0);
	fleet.base = event_base_new();
	fleet.hosts = calloc(fleet.count, sizeof(*fleet.hosts));
	if (!fleet.base || !fleet.hosts)
		err(1, "fleet_hosts");
	event_add(event_new(fleet.base, STDIN_FILENO, EV_READ | EV_PERSIST, command, &fleet), NULL);
	fleet.started_s = fleet.since_s = now_s();
	begin_next(&fleet);
	event_base_dispatch(fleet.base);
	return 0;
}
