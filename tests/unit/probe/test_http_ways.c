/*
 * The two ways of an http check: without libcurl where request and answer are usual, and over
 * libcurl. A server in this process gives both the same generated answers, and verdict and words
 * have to be equal. CASES and SEED of the environment choose other answers. And what one way says of a
 * server that sends nothing.
 */
#include "tests/support/unit.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/net/edge.h"
#include "daemon/probe/kind/http.h"
#include "daemon/probe/probe.h"
#include "daemon/probe/trust/trust.h"
#include "shunt/table.h"

#define SERVERS 4
#define IN_FLIGHT 32
#define ANSWER_MAX 65536
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define NEEDLE "all is well"

/* --- answers ------------------------------------------------------------------------------------ */

struct answer {
	unsigned seed;
	size_t size, head; /* in bytes; the head without its last line */
	char bytes[ANSWER_MAX];
	size_t split; /* a pause after so many bytes */
	bool resets;
};

static unsigned below(struct answer *answer, unsigned bound)
{
	answer->seed = answer->seed * 1103515245u + 12345u;
	return (unsigned)(((uint64_t)(answer->seed >> 8) * bound) >> 24);
}

static bool chance(struct answer *answer, unsigned percent)
{
	return below(answer, 100) < percent;
}

static void put_bytes(struct answer *answer, const char *bytes, size_t size)
{
	if (size > ANSWER_MAX - answer->size)
		size = ANSWER_MAX - answer->size;
	memcpy(answer->bytes + answer->size, bytes, size);
	answer->size += size;
}

static void put(struct answer *answer, const char *text)
{
	put_bytes(answer, text, strlen(text));
}

#define PICK(answer, list) list[below(answer, COUNT(list))]

static const char *const statuses[] = {
	"HTTP/1.1 200 OK",
	"HTTP/1.1 200 OK",
	"HTTP/1.1 200 OK",
	"HTTP/1.1 200 OK",
	"HTTP/1.0 200 OK",
	"HTTP/1.1 200",
	"HTTP/1.1 200 ",
	"HTTP/1.1 204 No Content",
	"HTTP/1.1 301 Moved",
	"HTTP/1.1 304 Not Modified",
	"HTTP/1.1 401 Who",
	"HTTP/1.1 404 Not Found",
	"HTTP/1.1 500 Internal Server Error",
	"HTTP/1.1 503 \xc3\xa9",
	"HTTP/1.1 999 Request denied",
	"HTTP/1.0 404",
	"HTTP/1.1 206 Partial Content",
	"HTTP/1.1 299 x",
};
static const char *const odd_statuses[] = {
	"HTTP/2 200",
	"HTTP/1.1  200 OK",
	"HTTP/1.2 200 OK",
	"HTTP/1.1 20 OK",
	"HTTP/1.1 2000 OK",
	"http/1.1 200 OK",
	" HTTP/1.1 200 OK",
	"HTTP/1.1\t200 OK",
	"ICY 200 OK",
	"HTTP/1.1 200OK",
	"HTTP/1.1 -20 OK",
	"HTTP/1.1 099 x",
	"HTTP/1.1 101 Switching Protocols",
	"SSH-2.0-OpenSSH",
	"",
	"HTTP/3.0 200 OK",
	"HTTP/1.1 600 x",
	"HTTP/0.9 200 OK",
	"HTTP/1.1 200 a\001b",
	"<html>hello",
	"HTTP/1.1 100 Continue",
	"HTTP/11 200 OK",
	"HTTP/1.1 2x0 OK",
};
static const char *const fields[] = {
	"Server: nginx",
	"Date: Mon, 30 Nov 2026 10:00:00 GMT",
	"Content-Type: text/plain",
	"Connection: close",
	"Connection: keep-alive",
	"X-Role: primary",
	"x-role:secondary",
	"X-Role:   primary\t",
	"Set-Cookie: a=b; Path=/",
	"ETag: \"x\"",
	"Vary: *",
	"Keep-Alive: timeout=5",
	"Last-Modified: Mon, 30 Nov 2026 10:00:00 GMT",
	"Retry-After: 120",
	"Alt-Svc: h3=\":443\"",
	"WWW-Authenticate: Basic realm=\"x\"",
	"WWW-Authenticate: Digest nonce=1",
	"X-Empty:",
	"X-A_b.c: 1",
	"Strict-Transport-Security: max-age=1",
	"Content-Range: bytes 0-9/10",
	"Cache-Control: no-store",
	"Location: /elsewhere",
	"Location: http://[",
	"Content-Encoding: identity",
	"Trailer: X-T",
	"X-High: \xe9\xff",
	"Upgrade: h2c",
};
static const char *const odd_fields[] = {
	"Content-Encoding: gzip",
	"Content-Encoding: UTF-8",
	"Content-Encoding: gzip, gzip",
	"X-Space : 1",
	" folded: yes",
	"\tfolded",
	"no colon here",
	": empty name",
	"X-Nul: a\001b",
	"X-Del: \x7f",
	"X-\xe9: 1",
	"X(y): 1",
	"Transfer-Encoding: identity",
	"X: \r y",
	"Content-Length : 3",
	"HTTP/1.1 200 OK",
	"Transfer-Encoding : chunked",
	"X\tY: z",
};

static const char *line_end(struct answer *answer)
{
	return chance(answer, 3) ? "\n" : "\r\n";
}

static void put_line(struct answer *answer, const char *line)
{
	put(answer, line);
	put(answer, line_end(answer));
}

static void put_number(struct answer *answer, const char *format, unsigned number)
{
	char line[64];

	snprintf(line, sizeof(line), format, number);
	put_line(answer, line);
}

static void put_fields(struct answer *answer)
{
	for (unsigned count = below(answer, 6); count > 0; count--)
		put_line(answer, PICK(answer, fields));
	if (chance(answer, 15))
		put_line(answer, PICK(answer, odd_fields));
	if (chance(answer, 2)) {
		put(answer, "X-Long: ");
		for (unsigned i = 0; i < 200 + below(answer, 600); i++)
			put(answer, "abcdefghijklmnopqrstuvwxyzabcdef");
		put(answer, "\r\n");
	}
}

static size_t make_body(struct answer *answer, char *body)
{
	size_t size = chance(answer, 30) ? below(answer, 9000) : below(answer, 40);

	for (size_t i = 0; i < size; i++)
		body[i] = (char)('a' + below(answer, 26));
	if (size >= sizeof(NEEDLE) && chance(answer, 60))
		memcpy(body + below(answer, (unsigned)(size - sizeof(NEEDLE) + 1)), NEEDLE,
		       sizeof(NEEDLE) - 1);
	return size;
}

static void put_chunks(struct answer *answer, const char *body, size_t size)
{
	static const char *const formats[] = { "%x",   "%x",     "%x",  "%x",  "%X",
		                               "%04x", "%x;a=b", "%x ", "%xg", "%xfffffffff" };
	bool odd = chance(answer, 25);

	while (size > 0) {
		size_t piece = 1 + below(answer, (unsigned)size);

		put_number(answer, odd ? PICK(answer, formats) : "%x", (unsigned)piece);
		put_bytes(answer, body, piece);
		put(answer, odd && chance(answer, 5) ? "x\r\n" : "\r\n");
		body += piece;
		size -= piece;
	}
	put_line(answer, odd && chance(answer, 20) ? "0;x" : "0");
	if (chance(answer, 15))
		put_line(answer, PICK(answer, fields));
	put(answer, line_end(answer));
}

static void put_framed(struct answer *answer)
{
	static __thread char own[16384];
	size_t size = make_body(answer, own);
	unsigned kind = below(answer, 12);

	if (kind < 5)
		put_number(answer, kind == 4 ? "content-length:%u \t" : "Content-Length: %u",
		           (unsigned)size);
	else if (kind == 5)
		put_number(answer, "Content-Length: %u", (unsigned)size + below(answer, 20));
	else if (kind == 6)
		put_number(answer, "Content-Length: %u", below(answer, (unsigned)size + 1));
	else if (kind == 7 && chance(answer, 60))
		put_line(answer, chance(answer, 50) ? "Content-Length: 12x" : "Content-Length: -1");
	else if (kind >= 9)
		put_line(answer, "Transfer-Encoding: chunked");
	if (kind == 4 && chance(answer, 20))
		put_number(answer, "Content-Length: %u", (unsigned)size);
	if (kind == 9 && chance(answer, 30))
		put_number(answer, "Content-Length: %u", (unsigned)size);
	if (kind == 10 && chance(answer, 20))
		put_line(answer, "Transfer-Encoding: gzip, chunked");
	answer->head = answer->size;
	put(answer, line_end(answer));
	if (kind >= 9)
		put_chunks(answer, own, size);
	else
		put_bytes(answer, own, size);
	if (chance(answer, 5))
		put(answer, "HTTP/1.1 200 OK\r\n\r\n");
}

/* A byte put in, taken out or replaced. */
static void spoil(struct answer *answer)
{
	static const char bytes[] = { '\0', '\r', '\n', ' ', '\t', ':', '\xff', '0', 'x' };
	size_t at = below(answer, (unsigned)(chance(answer, 70) ? answer->head : answer->size) + 1);

	if (at >= answer->size)
		return;
	switch (below(answer, 3)) {
	case 0: answer->bytes[at] = PICK(answer, bytes); break;
	case 1:
		memmove(answer->bytes + at, answer->bytes + at + 1, answer->size - at - 1);
		answer->size--;
		break;
	default:
		if (answer->size == ANSWER_MAX)
			return;
		memmove(answer->bytes + at + 1, answer->bytes + at, answer->size - at);
		answer->bytes[at] = PICK(answer, bytes);
		answer->size++;
	}
}

static void make_answer(struct answer *answer, unsigned seed)
{
	answer->seed = seed * 2654435761u + 1;
	answer->size = answer->head = 0;
	if (chance(answer, 5))
		put(answer, chance(answer, 50) ? "HTTP/1.1 100 Continue\r\n\r\n"
		                               : "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
	put_line(answer, chance(answer, 88) ? PICK(answer, statuses) : PICK(answer, odd_statuses));
	put_fields(answer);
	put_framed(answer);
	while (chance(answer, 12))
		spoil(answer);
	if (chance(answer, 12))
		answer->size = below(answer, (unsigned)answer->size + 1);
	answer->split = chance(answer, 40) ? below(answer, (unsigned)answer->size + 1) : 0;
	answer->resets = chance(answer, 5);
}

/* --- the server ----------------------------------------------------------------------------------- */

static int listener;
static struct sockaddr_in place;
static unsigned first_seed;

/* The first request for each answer; every other one has to be the same. */
static char **requests;
static char different[16384];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* libcurl asks once more, without a coding, for a body that it cannot decode. */
static bool is_without_coding(const char *request)
{
	return !strstr(request, "\r\nAccept-Encoding: ");
}

static void note_request(unsigned number, const char *request)
{
	pthread_mutex_lock(&lock);
	if (!requests[number])
		requests[number] = strdup(request);
	else if (strcmp(requests[number], request) != 0 && !different[0] &&
	         (is_without_coding(requests[number]) || !is_without_coding(request)))
		snprintf(different, sizeof(different), "%s\nthe other way:\n%s", requests[number],
		         request);
	pthread_mutex_unlock(&lock);
}

static bool send_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

/* The number in the path of the request. */
static bool read_request(int fd, unsigned *number)
{
	char request[4096];
	size_t size = 0;

	for (;;) {
		ssize_t n = recv(fd, request + size, sizeof(request) - 1 - size, 0);

		if (n <= 0)
			return false;
		size += (size_t)n;
		request[size] = '\0';
		if (!strstr(request, "\r\n\r\n"))
			continue;
		if (sscanf(request, "%*s /%u", number) != 1)
			return false;
		note_request(*number, request);
		return true;
	}
}

static void end_connection(int fd, const struct answer *answer)
{
	const struct linger reset = { .l_onoff = 1 };
	char rest[4096];

	if (answer->resets) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	} else {
		shutdown(fd, SHUT_WR);
		while (recv(fd, rest, sizeof(rest), 0) > 0)
			;
	}
}

static void serve(int fd, struct answer *answer)
{
	const struct timeval patience = { .tv_sec = 30 };
	const struct timespec pause = { .tv_nsec = 100000 };
	const int one = 1;
	unsigned number;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!read_request(fd, &number))
		return;
	make_answer(answer, first_seed + number);
	if (!send_all(fd, answer->bytes, answer->split))
		return;
	if (answer->split)
		nanosleep(&pause, NULL);
	if (send_all(fd, answer->bytes + answer->split, answer->size - answer->split))
		end_connection(fd, answer);
}

static void *run_server(void *arg)
{
	struct answer *answer = malloc(sizeof(*answer));
	int fd;

	(void)arg;
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		serve(fd, answer);
		close(fd);
	}
	free(answer);
	return NULL;
}

/* --- the two ways --------------------------------------------------------------------------------- */

struct run {
	struct probe_subject subject;
	struct pair *pair;
	struct probe *probe;
	bool ended;
	enum probe_why why;
	char detail[PROBE_DETAIL_MAX];
};

struct pair {
	struct check check;
	char path[32];
	unsigned number;
	struct run run[2];
};

static struct event_base *base;
static struct prober *prober;
static struct probe_http *ways[2];
static struct trust *trust;
static struct pair pairs[IN_FLIGHT];
static unsigned unusual;

static uint32_t ended(const struct probe_subject *subject, const struct probe_result *result)
{
	struct run *run = (struct run *)subject; /* its first member */

	run->why = result->why;
	memcpy(run->detail, result->detail, sizeof(run->detail));
	run->ended = true;
	return 3600000;
}

static const char *const hosts[] = { "www.example.com",
	                             "WWW.Example.COM",
	                             "localhost",
	                             "127.0.0.1",
	                             "::1",
	                             "db-1",
	                             "a_b.c",
	                             "10.1" };
static const char *const queries[] = { "",     "?a=b&c=%20d", "?",        "/~x;y=1",
	                               "?a?b", "//",          "/../x/./", "?a/../b" };
static const char *const one_header[] = {
	"X-Token: abc",       "Accept: text/html",        "User-Agent: me",     "Range: bytes=0-9",
	"Cookie: a=b",        "Authorization: Bearer x",  "X-Empty:",           "X-Blank;",
	"Referer: http://x/", "Content-Type: text/plain", "Accept-Encoding: br"
};

static const struct status_range ranges[] = { { 200, 399 }, { 200, 999 } };

static void start_pair(struct pair *pair, unsigned number)
{
	static struct address address = { .family = SHUNT_FAMILY_IPV4, .byte = { 127, 0, 0, 1 } };
	struct answer choice = { .seed = (first_seed + number) * 40503u };
	const char *host;

	*pair = (struct pair){ .number = number };
	snprintf(pair->path, sizeof(pair->path), "/%u%s", number,
	         chance(&choice, 80) ? "" : PICK(&choice, queries));
	pair->check = (struct check){ .type = CHECK_HTTP,
		                      .port = ntohs(place.sin_port),
		                      .path = pair->path,
		                      .method = chance(&choice, 8) ? "HEAD" : "GET",
		                      .expect_status = &ranges[below(&choice, 2)],
		                      .expect_status_count = 1,
		                      .body_limit = 5120,
		                      .interval = 1,
		                      .timeout = 60000 };
	if (pair->check.method[0] == 'G' && chance(&choice, 60))
		pair->check.expect_body = NEEDLE;
	if (chance(&choice, 15))
		pair->check.expect_header = "X-Role: primary";
	if (chance(&choice, 20)) {
		pair->check.headers = &PICK(&choice, one_header);
		pair->check.header_count = 1;
	}
	host = chance(&choice, 80) ? hosts[0] : PICK(&choice, hosts);
	for (int way = 0; way < 2; way++) {
		struct run *run = &pair->run[way];

		run->subject = (struct probe_subject){ &pair->check, address, { host, "" } };
		run->pair = pair;
		run->probe = probe_new(prober, probe_http_kind(ways[way]), &run->subject);
	}
}

static void show(const struct pair *pair)
{
	static struct answer answer;

	make_answer(&answer, first_seed + pair->number);
	for (size_t i = 0; i < answer.size && i < 1000; i++) {
		unsigned char c = (unsigned char)answer.bytes[i];

		if (c == '\n' || (c >= ' ' && c < 0x7f))
			putc(c, stderr);
		else
			fprintf(stderr, "\\x%02x", c);
	}
	fprintf(stderr, "\n%zu bytes, pause after %zu\n", answer.size, answer.split);
}

/*
 * What either way sees of a reset may be the end or the reset; and where libcurl judged for both, what
 * it says of some answers depends on the pieces in which they arrive. A machine that stood still may
 * have made our loop late for one of them.
 */
static bool depends_on_time(const struct pair *pair)
{
	static struct answer answer;

	make_answer(&answer, first_seed + pair->number);
	return answer.resets || probe_is_noted(pair->run[0].probe) ||
	       pair->run[0].why == WHY_LATE || pair->run[1].why == WHY_LATE;
}

static bool is_equal(const struct run *a, const struct run *b)
{
	return a->why == b->why && strcmp(a->detail, b->detail) == 0;
}

static void compare_pair(struct pair *pair)
{
	const struct run *own = &pair->run[0], *library = &pair->run[1];

	unusual += probe_is_noted(own->probe);
	if (!is_equal(own, library) && !depends_on_time(pair)) {
		show(pair);
		fail_msg("answer %u (SEED=%u): \"%s\" %s; over libcurl \"%s\" %s", pair->number,
		         first_seed, own->detail, probe_why_word(own->why), library->detail,
		         probe_why_word(library->why));
	}
	probe_free(pair->run[0].probe);
	probe_free(pair->run[1].probe);
	pair->run[0].probe = NULL;
}

static unsigned cases;

static unsigned number_of(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void both_ways_are_equal(void **state)
{
	unsigned begun = 0, done = 0;

	(void)state;
	while (done < cases) {
		for (unsigned i = 0; i < IN_FLIGHT; i++) {
			struct pair *pair = &pairs[i];

			if (pair->run[0].probe && pair->run[0].ended && pair->run[1].ended) {
				compare_pair(pair);
				done++;
			}
			if (!pair->run[0].probe && begun < cases)
				start_pair(pair, begun++);
		}
		if (done < cases)
			event_base_loop(base, EVLOOP_ONCE);
	}
	if (different[0])
		fail_msg("the requests differ:\n%s", different);
	/* Most are read without libcurl, and many are not. */
	assert_in_range(unusual, cases / 10, cases * 6 / 10);
}

/* --- a silent server ------------------------------------------------------------------------------ */

/* A listener that accepts nothing: the kernel connects. */
static int listen_silently(struct sockaddr_in *where)
{
	socklen_t size = sizeof(*where);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*where = (struct sockaddr_in){ .sin_family = AF_INET,
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)where, size), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)where, &size), 0);
	return fd;
}

/* Descriptor 0 becomes a connection on which a byte has arrived. Returns the other end. */
static int take_descriptor_0(int silent, const struct sockaddr_in *where)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;
	char byte = 'x';

	assert_int_equal(connect(fd, (const struct sockaddr *)where, sizeof(*where)), 0);
	peer = accept4(silent, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(send(peer, &byte, 1, MSG_NOSIGNAL), 1);
	assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), 1);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
	return peer;
}

/* What arrives on other descriptors of the daemon is no first byte of an answer. */
static void silence_has_no_first_byte(void **state)
{
	struct check check = {
		.type = CHECK_HTTP, .path = "/", .method = "GET", .interval = 1, .timeout = 50
	};
	struct run run = {
		.subject = { .check = &check,
		             .address = { .family = SHUNT_FAMILY_IPV4, .byte = { 127, 0, 0, 1 } },
		             .asker = { hosts[0], "" } },
	};
	struct sockaddr_in where;
	int silent = listen_silently(&where), input = dup(STDIN_FILENO);
	int peer = take_descriptor_0(silent, &where);
	struct probe *probe;

	(void)state;
	check.port = ntohs(where.sin_port);
	probe = probe_new(prober, probe_http_kind(ways[0]), &run.subject);
	while (!run.ended)
		event_base_loop(base, EVLOOP_ONCE);
	/* Perhaps after words about a late loop. */
	assert_non_null(strstr(run.detail, "timed out in first byte after 50ms"));
	probe_free(probe);
	if (dup2(input, STDIN_FILENO) < 0)
		close(STDIN_FILENO);
	close(input);
	close(peer);
	close(silent);
}

static pthread_t servers[SERVERS];

static int setup(void **state)
{
	socklen_t size = sizeof(place);

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	first_seed = number_of("SEED", 1);
	cases = number_of("CASES", 10000);
	requests = calloc(cases, sizeof(*requests));
	place = (struct sockaddr_in){ .sin_family = AF_INET,
		                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&place, size) < 0 || listen(listener, 200) < 0)
		return -1;
	getsockname(listener, (struct sockaddr *)&place, &size);
	for (unsigned i = 0; i < SERVERS; i++)
		pthread_create(&servers[i], NULL, run_server, NULL);
	base = event_base_new();
	prober = prober_new(base, 2 * IN_FLIGHT);
	prober_tell(prober, ended);
	trust = trust_new();
	for (int way = 0; way < 2; way++) {
		ways[way] = probe_http_new(base, prober_edges(prober), trust);
		probe_http_set_library(ways[way], way == 1);
	}
	return 0;
}

/* Sockets first: a server waits for the end of each connection. */
static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < IN_FLIGHT; i++)
		for (int way = 0; way < 2; way++)
			probe_free(pairs[i].run[0].probe ? pairs[i].run[way].probe : NULL);
	probe_http_free(ways[0]);
	probe_http_free(ways[1]);
	trust_free(trust);
	prober_free(prober);
	event_base_free(base);
	shutdown(listener, SHUT_RDWR);
	for (unsigned i = 0; i < SERVERS; i++)
		pthread_join(servers[i], NULL);
	close(listener);
	for (unsigned i = 0; i < cases; i++)
		free(requests[i]);
	free(requests);
	curl_global_cleanup();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_are_equal),
		cmocka_unit_test(silence_has_no_first_byte),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
