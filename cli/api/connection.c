#include "api/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_MAX 131072u /* bytes per read: the status of many records is long */

static int open_socket(struct connection *connection, const char *control)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(control) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	strcpy(address.sun_path, control);
	connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 ||
	    connect(connection->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno;
	return 0;
}

int connection_open(struct connection *connection, const char *control, char *request,
                    bool (*body)(void *arg, const char *data, size_t size), void *arg)
{
	connection->fd = -1;
	connection->request = request;
	connection->size = request ? strlen(request) : 0;
	connection->sent = 0;
	http_reader_init(&connection->reader, body, arg);
	return request ? open_socket(connection, control) : ENOMEM;
}

short connection_events(const struct connection *connection)
{
	return connection->sent < connection->size ? POLLIN | POLLOUT : POLLIN;
}

/* If the daemon rejected the request early and closed, its response can still be read. */
static void send_rest(struct connection *connection)
{
	ssize_t n = send(connection->fd, connection->request + connection->sent,
	                 connection->size - connection->sent, MSG_NOSIGNAL);

	if (n >= 0)
		connection->sent += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		connection->sent = connection->size;
}

static enum http_state receive(struct connection *connection)
{
	static char buffer[READ_MAX];
	ssize_t n = recv(connection->fd, buffer, sizeof(buffer), 0);

	if (n > 0)
		return http_read(&connection->reader, buffer, (size_t)n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return HTTP_MORE;
	/* A body that ends with its connection is incomplete if the connection was reset. */
	return n == 0 ? http_end(&connection->reader) : HTTP_CUT;
}

enum http_state connection_turn(struct connection *connection)
{
	if (connection->sent < connection->size)
		send_rest(connection);
	return receive(connection);
}

void connection_close(struct connection *connection)
{
	if (connection->fd >= 0)
		close(connection->fd);
	free(connection->request);
	connection->fd = -1;
	connection->request = NULL;
}
