#include "server/sockets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "config/error.h"
#include "net/listener.h"
#include "reload/in_force.h"
#include "server/blame.h"

#include "shunt/protocol.h"

#define MODE_SOCKET 0666 /* all users may attach and read */
#define HTTP_BACKLOG 64

static int bind_tcp(const struct resolver_address *where)
{
	struct sockaddr_storage address;
	socklen_t size = address_to_sockaddr(&where->address, where->port, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, error;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, HTTP_BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool open_http(struct sockets *sockets, const struct config *config)
{
	char error[CONFIG_ERROR_MAX];

	sockets->http = bind_tcp(&config->http_address);
	if (sockets->http >= 0)
		return true;
	snprintf(error, sizeof(error), "cannot listen on %s: %s; choose another address or port",
	         config->http, strerror(errno));
	blame_setting(config->http_file, config->http_line, "http", error);
	return false;
}

/* Without it clients do not report failures: all else works. */
static bool open_reports(struct sockets *sockets, const struct in_force *in_force, char *error,
                         size_t size)
{
	const size_t most = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s" SHUNT_REPORT_SUFFIX, in_force->socket);
	if (strlen(path) > most) {
		log_warning("%s is too long for a socket: clients cannot report failures", path);
		return true;
	}
	sockets->reports =
	        listener_open(path, SOCK_DGRAM, MODE_SOCKET, LISTENER_OWN_GROUP, error, size);
	return sockets->reports;
}

bool sockets_open(struct sockets *sockets, const struct in_force *in_force,
                  const struct config *config, gid_t group)
{
	char error[CONFIG_ERROR_MAX];

	sockets->client = listener_open(in_force->socket, SOCK_SEQPACKET, MODE_SOCKET,
	                                LISTENER_OWN_GROUP, error, sizeof(error));
	if (!sockets->client || !open_reports(sockets, in_force, error, sizeof(error))) {
		blame_setting(config->socket_file, config->socket_line, "socket", error);
		return false;
	}
	sockets->control = listener_open(in_force->control, SOCK_STREAM, MODE_SOCKET, group, error,
	                                 sizeof(error));
	if (!sockets->control) {
		blame_setting(config->control_file, config->control_line, "control", error);
		return false;
	}
	return !in_force->http || open_http(sockets, config);
}

void sockets_close(struct sockets *sockets)
{
	if (sockets->http >= 0)
		close(sockets->http);
	listener_close(sockets->control);
	listener_close(sockets->reports);
	listener_close(sockets->client);
}
