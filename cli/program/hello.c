#include "program/hello.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shunt/protocol.h"
#include "shunt/table.h"

#define TIMED_OUT "timed out (it does not answer: is it stopped?)"

static const char *welcome_trouble(int fd)
{
	char message[SHUNT_MESSAGE_MAX];
	struct shunt_welcome welcome;
	/* Without a control buffer the kernel closes the descriptor that is sent along. */
	ssize_t n = recv(fd, message, sizeof(message), MSG_DONTWAIT);

	if (n < (ssize_t)sizeof(welcome))
		return n == 0 ? "it closes the connection"
		              : "the process listening there is not shuntd";
	memcpy(&welcome, message, sizeof(welcome));
	if (welcome.magic != SHUNT_WELCOME_MAGIC)
		return "the process listening there is not shuntd";
	return welcome.status == SHUNT_STATUS_OK ? NULL : "the daemon has an incompatible version";
}

static const char *exchange(int fd)
{
	struct shunt_hello hello = { .magic = SHUNT_HELLO_MAGIC,
		                     .size = sizeof(hello),
		                     .version_min = SHUNT_TABLE_VERSION_MIN,
		                     .version_max = SHUNT_TABLE_VERSION,
		                     .nonce = (uint32_t)getpid() };
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	int ready;

	if (send(fd, &hello, sizeof(hello), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return strerror(errno);
	ready = poll(&answer, 1, SHUNT_ATTACH_MS);
	if (ready < 0)
		return strerror(errno);
	return ready ? welcome_trouble(fd) : TIMED_OUT;
}

static const char *connect_trouble(int error)
{
	switch (error) {
	case ENOENT: return "no such file";
	case ECONNREFUSED: return "nothing answers there";
	case EACCES: return "permission denied (ask the socket's owner)";
	case EAGAIN: return TIMED_OUT;
	case EPROTOTYPE: return "this is not a client socket, perhaps the control socket";
	default: return strerror(error);
	}
}

const char *hello_trouble(const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *trouble;
	int fd;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return "the path is too long for a socket (107 bytes at most)";
	strcpy(address.sun_path, socket_path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return strerror(errno);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		trouble = exchange(fd);
	else
		trouble = connect_trouble(errno);
	close(fd);
	return trouble;
}
