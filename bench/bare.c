/*
 * The bare libcurl loop that the daemon's probes are compared with: what one would write in an
 * afternoon.
 *
 *   bare tcp|http PORT INTERVAL_MS FILE
 *
 * Probes each address of FILE (one per line) once per interval, at evenly spread phases, until it
 * is killed: libevent, curl_multi_socket_action() and a new easy handle for each probe, with
 * CONNECT_ONLY for tcp, and a GET of /health for http. It sets only those libcurl options without
 * which it would compare badly: no name cache (which is pruned completely after each transfer) and
 * no reuse of connections. It evaluates nothing; the endpoint counts what arrives.
 */
#include <curl/curl.h>
#include <err.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TARGETS_MAX 100000u
#define TIMEOUT_MS 4000L

struct loop {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct timeval interval;
	bool tcp;
};

struct target {
	struct loop *loop;
	struct event *timer;
	char url[64];
};

static size_t discard(char *data, size_t one, size_t size, void *arg)
{
	(void)data;
	(void)arg;
	return one * size;
}

static void reap(struct loop *loop)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(loop->multi, &left))) {
		CURL *easy = message->easy_handle;

		if (message->data.result != CURLE_OK)
			warnx("%s", curl_easy_strerror(message->data.result));
		curl_multi_remove_handle(loop->multi, easy);
		curl_easy_cleanup(easy);
	}
}

static void drive(struct loop *loop, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(loop->multi, fd, what, &running);
	reap(loop);
}

static void socket_ready(evutil_socket_t fd, short what, void *arg)
{
	drive(arg, fd,
	      (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct loop *loop = arg;
	struct event *event = socket_arg;

	(void)easy;
	if (event)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		event = event_new(loop->base, fd,
		                  (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
		                          (what & CURL_POLL_OUT ? EV_WRITE : 0)),
		                  socket_ready, loop);
		event_add(event, NULL);
	}
	curl_multi_assign(loop->multi, fd, event);
	return 0;
}

static void timer_ran(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int timer_changed(CURLM *multi, long delay_ms, void *arg)
{
	struct loop *loop = arg;
	const struct timeval delay = { delay_ms / 1000, delay_ms % 1000 * 1000 };

	(void)multi;
	if (delay_ms < 0)
		evtimer_del(loop->timer);
	else
		evtimer_add(loop->timer, &delay);
	return 0;
}

static void probe(evutil_socket_t fd, short what, void *arg)
{
	const struct target *target = arg;
	CURL *easy = curl_easy_init();

	(void)fd;
	(void)what;
	evtimer_add(target->timer, &target->loop->interval);
	if (!easy)
		errx(1, "out of memory");
	curl_easy_setopt(easy, CURLOPT_URL, target->url);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, (long)target->loop->tcp);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
	if (curl_multi_add_handle(target->loop->multi, easy) != CURLM_OK)
		errx(1, "curl_multi_add_handle");
}

static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	const unsigned long long value = strtoull(text, &end, 10);

	if (*end || value < 1 || value > max)
		errx(64, "%s: must be 1 to %llu", text, (unsigned long long)max);
	return value;
}

static size_t read_targets(struct target **targets, struct loop *loop, unsigned port,
                           const char *path)
{
	FILE *file = fopen(path, "re");
	char line[64];
	size_t count = 0;

	if (!file)
		err(1, "%s", path);
	*targets = calloc(TARGETS_MAX, sizeof(**targets));
	if (!*targets)
		err(1, "calloc");
	while (count < TARGETS_MAX && fgets(line, sizeof(line), file)) {
		struct target *target = &(*targets)[count++];

		line[strcspn(line, "\n")] = '\0';
		snprintf(target->url, sizeof(target->url), "http://%.40s:%u/health", line, port);
		target->loop = loop;
	}
	fclose(file);
	return count;
}

static void start(struct target *target, uint64_t phase_us)
{
	const struct timeval delay = { (time_t)(phase_us / 1000000),
		                       (suseconds_t)(phase_us % 1000000) };

	target->timer = evtimer_new(target->loop->base, probe, target);
	if (!target->timer || evtimer_add(target->timer, &delay) < 0)
		errx(1, "out of memory");
}

static void loop_init(struct loop *loop)
{
	loop->base = event_base_new();
	loop->multi = curl_multi_init();
	loop->timer = loop->base ? evtimer_new(loop->base, timer_ran, loop) : NULL;
	if (!loop->timer || !loop->multi)
		errx(1, "libevent or libcurl cannot start");
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
}

int main(int argc, char **argv)
{
	struct loop loop = { .tcp = argc == 5 && strcmp(argv[1], "tcp") == 0 };
	struct target *targets;
	size_t count;
	uint64_t interval;

	if (argc != 5 || (!loop.tcp && strcmp(argv[1], "http") != 0))
		errx(64, "usage: bare tcp|http PORT INTERVAL_MS FILE");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	loop_init(&loop);
	interval = number(argv[3], 3600000) * 1000;
	loop.interval =
	        (struct timeval){ (time_t)(interval / 1000000), (suseconds_t)(interval % 1000000) };
	count = read_targets(&targets, &loop, (unsigned)number(argv[2], 65535), argv[4]);
	for (size_t i = 0; i < count; i++)
		start(&targets[i], interval * i / count);
	event_base_dispatch(loop.base);
	return 1;
}
