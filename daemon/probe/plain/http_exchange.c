#include "probe/plain/http_exchange.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/drain.h"
#include "net/edge.h"
#include "probe/kind/connect.h"
#include "probe/kind/session.h"

#define READ_SIZE 16384u
#define ENDED (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

/* What has been read of the socket's last events. */
enum reading { READ_ALL, READ_PART, READ_TO_THE_END };

static void give_away(struct http_exchange *exchange, enum reading read)
{
	struct session *session = exchange->session;
	struct edge_set *edges = probe_edges(session->probe);
	int family = exchange->error ? 0 : connect_family(session->probe);
	int fd = session->fd;

	session->fd = -1;
	if (read == READ_TO_THE_END) {
		edge_recycle(edges, fd, family);
	} else if (read == READ_ALL) {
		drain_watched(exchange->drain, fd, family);
	} else {
		edge_remove(edges, fd);
		drain_socket(exchange->drain, fd);
	}
}

static void finish(struct http_exchange *exchange, enum reading read)
{
	give_away(exchange, read);
	exchange->done(exchange);
}

static void end_broken(struct http_exchange *exchange, CURLcode code, int error)
{
	exchange->error = error;
	exchange->parser.reading = HTTP_READING_DONE;
	exchange->parser.code = code;
	finish(exchange, READ_TO_THE_END);
}

/* Returns false when the exchange is over, or waits for the next event. */
static bool take(struct http_exchange *exchange, const char *data, size_t size, uint32_t events)
{
	bool is_part = size == READ_SIZE;

	if (!exchange->first_us)
		exchange->first_us = clock_us();
	if (http_parser_feed(&exchange->parser, data, size) == HTTP_READING_MORE)
		return is_part || (events & ENDED);
	finish(exchange, is_part ? READ_PART : events & ENDED ? READ_TO_THE_END : READ_ALL);
	return false;
}

static bool receive(struct http_exchange *exchange, int fd, uint32_t events)
{
	static char buffer[READ_SIZE];
	ssize_t size = recv(fd, buffer, sizeof(buffer), 0);

	if (size > 0)
		return take(exchange, buffer, (size_t)size, events);
	if (size == 0) {
		http_parser_closed(&exchange->parser);
		finish(exchange, READ_TO_THE_END);
	} else if (errno == EINTR) {
		return true;
	} else if (errno != EAGAIN) {
		end_broken(exchange, CURLE_RECV_ERROR, errno);
	}
	return false;
}

static void ready(void *arg, int fd, uint32_t events)
{
	struct http_exchange *exchange = arg;

	if (!(events & (EPOLLIN | ENDED)))
		return;
	/* A reload may have replaced the check since the last event, and freed it. */
	exchange->parser.check = probe_check(exchange->session->probe);
	while (receive(arg, fd, events))
		;
}

void http_exchange_start(struct http_exchange *exchange, const char *request, size_t size,
                         uint32_t events)
{
	int fd = exchange->session->fd;
	ssize_t sent = send(fd, request, size, MSG_NOSIGNAL);

	if (sent < 0 && errno != EAGAIN) {
		end_broken(exchange, CURLE_SEND_ERROR, errno);
	} else if (sent < 0 || (size_t)sent < size) {
		exchange->parser.reading = HTTP_READING_UNUSUAL;
		finish(exchange, READ_PART);
	} else {
		edge_pass(probe_edges(exchange->session->probe), fd, ready, exchange);
		ready(exchange, fd, events);
	}
}

void http_exchange_free(struct http_exchange *exchange)
{
	http_parser_free(&exchange->parser);
	exchange->session = NULL;
}
