/* getaddrinfo_a(): managed names are answered at once, the rest and all notifications are libc's. */
#include "client.h"

#include <pthread.h>
#include <stdatomic.h>

#define LITERAL "127.0.0.9" /* not managed; libc resolves it without a network */

static const struct addrinfo ipv4 = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };

static struct gaicb request_for(const char *name)
{
	return (struct gaicb){ .ar_name = name, .ar_request = &ipv4 };
}

/* Frees the result. */
static bool has_address(struct gaicb *request, const char *want)
{
	char text[INET6_ADDRSTRLEN] = "";
	const struct sockaddr_in *in;

	if (gai_error(request) != 0)
		return false;
	in = (const struct sockaddr_in *)request->ar_result->ai_addr;
	inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
	freeaddrinfo(request->ar_result);
	return strcmp(text, want) == 0;
}

static void wait_for_one(void)
{
	struct gaicb request = request_for("www"), *list[] = { &request };

	attach();
	errno = 4711;
	CHECK(getaddrinfo_a(GAI_WAIT, list, 1, NULL) == 0 && errno == 4711);
	CHECK(gai_cancel(&request) == EAI_ALLDONE);
	CHECK(gai_suspend((const struct gaicb *const *)list, 1, NULL) == EAI_ALLDONE);
	CHECK(has_address(&request, "192.0.2.10"));
	CHECK(request.ar_name && strcmp(request.ar_name, "www") == 0);
	CHECK(request.ar_request == &ipv4 && !request.ar_service);
}

/* Each request has a result of its own; entries may be NULL; the caller's list is unchanged. */
static void mixed_list(void)
{
	struct gaicb managed = request_for("www"), other = request_for(LITERAL);
	struct gaicb fails = request_for("fail.example.com"), bare = request_for("localhost");
	struct gaicb service = request_for("www");
	struct gaicb *list[] = { &managed, NULL, &other, &fails, &service, &bare };
	struct gaicb *before[sizeof(list) / sizeof(list[0])];

	attach();
	service.ar_service = "nosuchservice";
	bare.ar_request = NULL;
	memcpy(before, list, sizeof(list));
	CHECK(getaddrinfo_a(GAI_WAIT, list, 6, NULL) == 0);
	CHECK(memcmp(before, list, sizeof(list)) == 0);
	CHECK(has_address(&managed, "192.0.2.10"));
	CHECK(has_address(&other, LITERAL));
	CHECK(gai_error(&fails) == EAI_AGAIN);
	CHECK(gai_error(&service) == EAI_SERVICE);
	CHECK(has_address(&bare, "192.0.2.10"));
}

static bool is_over(struct gaicb *request)
{
	return gai_error(request) != EAI_INPROGRESS;
}

static void without_waiting(void)
{
	struct gaicb managed = request_for("www"), other = request_for(LITERAL);
	struct gaicb *list[] = { &managed, &other };
	int64_t end = now_ms() + PATIENCE * 1000;

	attach();
	CHECK(getaddrinfo_a(GAI_NOWAIT, list, 2, NULL) == 0);
	CHECK(is_over(&managed));
	while (!is_over(&other) && now_ms() < end) {
		int error = gai_suspend((const struct gaicb *const *)list, 2,
		                        &(struct timespec){ .tv_sec = 1 });

		CHECK(error == 0 || error == EAI_ALLDONE || error == EAI_AGAIN ||
		      error == EAI_INTR);
	}
	CHECK(has_address(&managed, "192.0.2.10"));
	CHECK(has_address(&other, LITERAL));
}

/* What getaddrinfo() passes on is passed on here too. */
static void numeric_hosts(void)
{
	struct addrinfo numeric = ipv4;
	struct gaicb name = request_for("www"), literal = request_for(LITERAL);
	struct gaicb *list[] = { &name, &literal };

	attach();
	numeric.ai_flags = AI_NUMERICHOST;
	name.ar_request = literal.ar_request = &numeric;
	CHECK(getaddrinfo_a(GAI_WAIT, list, 2, NULL) == 0);
	CHECK(gai_error(&name) == EAI_NONAME);
	CHECK(has_address(&literal, LITERAL));
}

/* Refused as by libc, before any request is looked at. */
static void wrong_arguments(void)
{
	struct gaicb request = request_for("www"), *list[] = { &request };

	attach();
	request.__return = 4711;
	CHECK(getaddrinfo_a(77, list, 1, NULL) == EAI_SYSTEM && errno == EINVAL);
	CHECK(request.__return == 4711 && !request.ar_result);
	CHECK(getaddrinfo_a(GAI_WAIT, list, 0, NULL) == 0);
	CHECK(getaddrinfo_a(GAI_WAIT, (struct gaicb *[]){ NULL }, 1, NULL) == 0);
	CHECK(request.__return == 4711);
}

static atomic_int called, was_over;
static struct gaicb *awaited;

static void on_end(union sigval value)
{
	atomic_store(&was_over, value.sival_int == 42 && is_over(awaited));
	atomic_fetch_add(&called, 1);
}

/* One notification, after the last request: by a thread, for managed names alone and for a mixture. */
static void thread_notice(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD,
		                  .sigev_notify_function = on_end,
		                  .sigev_value = { .sival_int = 42 } };
	struct gaicb managed = request_for("www"), other = request_for(LITERAL);
	struct gaicb *alone[] = { &managed }, *both[] = { &managed, &other };

	attach();
	awaited = &managed;
	CHECK(getaddrinfo_a(GAI_NOWAIT, alone, 1, &event) == 0);
	CHECK_SOON(atomic_load(&called) == 1);
	CHECK(atomic_load(&was_over) && has_address(&managed, "192.0.2.10"));

	awaited = &other;
	atomic_store(&was_over, 0);
	managed = request_for("www");
	CHECK(getaddrinfo_a(GAI_NOWAIT, both, 2, &event) == 0);
	CHECK_SOON(atomic_load(&called) == 2);
	CHECK(atomic_load(&was_over) && has_address(&other, LITERAL));
	CHECK(has_address(&managed, "192.0.2.10"));
	pause_ms(20);
	CHECK(atomic_load(&called) == 2);
}

/* The same by a signal. */
static void signal_notice(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
		                  .sigev_signo = SIGRTMIN,
		                  .sigev_value = { .sival_int = 42 } };
	struct gaicb managed = request_for("www"), *list[] = { NULL, &managed };
	siginfo_t info = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	attach();
	CHECK(getaddrinfo_a(GAI_NOWAIT, list, 2, &event) == 0);
	CHECK(sigtimedwait(&set, &info, &(struct timespec){ .tv_sec = PATIENCE }) == SIGRTMIN);
	CHECK(info.si_value.sival_int == 42 && has_address(&managed, "192.0.2.10"));
	CHECK(sigtimedwait(&set, &info, &(struct timespec){ 0 }) == -1 && errno == EAGAIN);
	/* GAI_WAIT sends none. */
	CHECK(getaddrinfo_a(GAI_WAIT, list, 2, &event) == 0);
	CHECK(sigtimedwait(&set, &info, &(struct timespec){ 0 }) == -1 && errno == EAGAIN);
	CHECK(has_address(&managed, "192.0.2.10"));
}

static const struct client_case cases[] = {
	{ "wait for one", FAKE_STALE_LIMIT, wait_for_one },
	{ "mixed list", FAKE_STALE_LIMIT, mixed_list },
	{ "without waiting", FAKE_STALE_LIMIT, without_waiting },
	{ "numeric hosts", FAKE_STALE_LIMIT, numeric_hosts },
	{ "wrong arguments", FAKE_STALE_LIMIT, wrong_arguments },
	{ "thread notice", FAKE_STALE_LIMIT, thread_notice },
	{ "signal notice", FAKE_STALE_LIMIT, signal_notice },
};
CLIENT_MAIN(cases)
