#include "net/transfer.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/timer.h"
#include "net/tls_library.h"

/*
 * A descriptor that libcurl wants to be watched. libcurl keeps the pointer (curl_multi_assign)
 * until CURL_POLL_REMOVE.
 */
struct watch {
	struct event event;
	LIST_ENTRY(watch) link;
	struct transfer_loop *loop;
	short events;    /* EV_READ, EV_WRITE; 0: none at the moment */
	bool is_refused; /* libevent could not add it */
};

struct transfer_loop {
	struct event_base *base;
	CURLM *multi; /* NULL: libcurl has not been started */
	struct event timer;
	LIST_HEAD(, watch) watches;
	unsigned unwatched; /* number of watches that are wanted and not pending */
	TAILQ_HEAD(, transfer) running;
	unsigned lost; /* number of lost transfers */
};

/* --- callbacks of libcurl --- */

/* Only handles added by transfer_start() have CURLOPT_PRIVATE. */
static struct transfer *transfer_of(CURL *easy)
{
	struct transfer *transfer = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	return transfer && transfer->easy == easy && transfer->is_running ? transfer : NULL;
}

static void lose(struct transfer_loop *loop, struct transfer *transfer)
{
	loop->lost += !transfer->is_lost;
	transfer->is_lost = true;
	timer_arm(&loop->timer, 0);
}

static void lose_all(struct transfer_loop *loop)
{
	struct transfer *transfer;

	TAILQ_FOREACH (transfer, &loop->running, link)
		lose(loop, transfer);
}

static void drive(struct transfer_loop *loop, curl_socket_t fd, int what);

static void descriptor_ready(evutil_socket_t fd, short what, void *arg)
{
	const struct watch *watch = arg;

	/* `watch` may be freed before this returns. */
	drive(watch->loop, fd,
	      (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void watch_off(struct watch *watch)
{
	event_del(&watch->event);
	watch->loop->unwatched -= watch->is_refused;
	watch->is_refused = false;
}

static bool watch_on(struct watch *watch)
{
	watch_off(watch);
	watch->is_refused = watch->events && event_add(&watch->event, NULL) < 0;
	watch->loop->unwatched += watch->is_refused;
	return !watch->is_refused;
}

static bool watch_set(struct watch *watch, curl_socket_t fd, int what)
{
	watch_off(watch);
	watch->events = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
	                        (what & CURL_POLL_OUT ? EV_WRITE : 0));
	event_assign(&watch->event, watch->loop->base, fd, (short)(EV_PERSIST | watch->events),
	             descriptor_ready, watch);
	return watch_on(watch);
}

static void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	watch_off(watch);
	LIST_REMOVE(watch, link);
	free(watch);
}

static struct watch *watch_new(struct transfer_loop *loop, curl_socket_t fd)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->loop = loop;
	event_assign(&watch->event, loop->base, fd, EV_PERSIST, descriptor_ready, watch);
	LIST_INSERT_HEAD(&loop->watches, watch, link);
	if (curl_multi_assign(loop->multi, fd, watch) == CURLM_OK)
		return watch;
	watch_free(watch);
	return NULL;
}

/* Always returns 0: any other value makes libcurl abandon the whole multi handle. */
static int descriptor_changed(CURL *easy, curl_socket_t fd, int what, void *arg, void *own)
{
	struct transfer_loop *loop = arg;
	struct watch *watch = own;
	struct transfer *transfer;

	if (what == CURL_POLL_REMOVE) {
		watch_free(watch);
		return 0;
	}
	if (!watch)
		watch = watch_new(loop, fd);
	if (watch && watch_set(watch, fd, what))
		return 0;
	/* A descriptor of libcurl's own is needed by all transfers. */
	transfer = transfer_of(easy);
	if (transfer)
		lose(loop, transfer);
	else
		lose_all(loop);
	return 0;
}

static int timer_changed(CURLM *multi, long delay_ms, void *arg)
{
	struct transfer_loop *loop = arg;

	(void)multi;
	if (delay_ms < 0)
		event_del(&loop->timer);
	else
		timer_arm(&loop->timer, (uint64_t)delay_ms);
	return 0;
}

/* --- ended transfers --- */

static void forget(struct transfer_loop *loop, struct transfer *transfer)
{
	TAILQ_REMOVE(&loop->running, transfer, link);
	loop->lost -= transfer->is_lost;
	transfer->is_running = false;
	transfer->is_lost = false;
}

static struct transfer *find_lost(const struct transfer_loop *loop)
{
	struct transfer *transfer = loop->lost ? TAILQ_FIRST(&loop->running) : NULL;

	while (transfer && !transfer->is_lost)
		transfer = TAILQ_NEXT(transfer, link);
	return transfer;
}

static void reap(struct transfer_loop *loop)
{
	struct transfer *transfer;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(loop->multi, &left))) {
		CURLcode code = message->data.result;

		transfer = message->msg == CURLMSG_DONE ? transfer_of(message->easy_handle) : NULL;
		if (!transfer)
			continue;
		forget(loop, transfer);
		transfer->done(transfer->arg, code);
	}
}

static void drive(struct transfer_loop *loop, curl_socket_t fd, int what)
{
	struct transfer *transfer;
	int running;

	if (curl_multi_socket_action(loop->multi, fd, what, &running) != CURLM_OK)
		lose_all(loop);
	reap(loop);
	while ((transfer = find_lost(loop))) {
		forget(loop, transfer);
		transfer->failed(transfer->arg);
	}
}

static void timer_ran(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* --- start and stop --- */

/* Descriptors that could not be watched before may be accepted now. */
static bool watch_again(struct transfer_loop *loop)
{
	struct watch *watch = loop->unwatched ? LIST_FIRST(&loop->watches) : NULL;

	for (; watch; watch = LIST_NEXT(watch, link)) {
		if (watch->is_refused)
			watch_on(watch);
	}
	return loop->unwatched == 0;
}

bool transfer_start(struct transfer_loop *loop, struct transfer *transfer)
{
	transfer->is_lost = false;
	transfer->is_running = true;
	TAILQ_INSERT_TAIL(&loop->running, transfer, link);
	return watch_again(loop) &&
	       curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
	       curl_multi_add_handle(loop->multi, transfer->easy) == CURLM_OK;
}

void transfer_stop(struct transfer_loop *loop, struct transfer *transfer)
{
	if (!transfer->easy)
		return;
	if (transfer->is_running)
		forget(loop, transfer);
	curl_multi_remove_handle(loop->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	transfer->easy = NULL;
}

static bool multi_configure(struct transfer_loop *loop)
{
	int bad = 0;

	bad |= curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, descriptor_changed);
	bad |= curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	bad |= curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
	bad |= curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	return !bad;
}

static void library_stop(struct transfer_loop *loop)
{
	/*
	 * libcurl calls both callbacks during this, and some releases do not call them for every
	 * descriptor.
	 */
	curl_multi_cleanup(loop->multi);
	loop->multi = NULL;
	while (!LIST_EMPTY(&loop->watches))
		watch_free(LIST_FIRST(&loop->watches));
	event_del(&loop->timer);
	curl_global_cleanup();
}

static bool library_start(struct transfer_loop *loop)
{
	tls_library_start();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return false;
	loop->multi = curl_multi_init();
	if (loop->multi && multi_configure(loop))
		return true;
	library_stop(loop);
	return false;
}

CURL *transfer_easy(struct transfer_loop *loop)
{
	return loop->multi || library_start(loop) ? curl_easy_init() : NULL;
}

struct transfer_loop *transfer_loop_new(struct event_base *base)
{
	struct transfer_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->base = base;
	LIST_INIT(&loop->watches);
	TAILQ_INIT(&loop->running);
	evtimer_assign(&loop->timer, base, timer_ran, loop);
	return loop;
}

void transfer_loop_free(struct transfer_loop *loop)
{
	if (loop && loop->multi)
		library_stop(loop);
	free(loop);
}
