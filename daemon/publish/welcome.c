#include "publish/welcome.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "shunt/protocol.h"
#include "shunt/table.h"

bool welcome_take_hello(struct welcome *welcome, const void *data, size_t size)
{
	struct shunt_hello hello;

	if (size < sizeof(hello) || size > SHUNT_MESSAGE_MAX)
		return false;
	memcpy(&hello, data, sizeof(hello));
	if (hello.magic != SHUNT_HELLO_MAGIC || hello.size < sizeof(hello) || hello.size > size ||
	    hello.version_min > hello.version_max)
		return false;
	welcome->nonce = hello.nonce;
	welcome->status = SHUNT_STATUS_OK;
	if (hello.version_max < SHUNT_TABLE_VERSION_MIN || hello.version_min > SHUNT_TABLE_VERSION)
		welcome->status = SHUNT_STATUS_VERSION;
	return true;
}

/* `table` is -1 if no descriptor is sent. */
static ssize_t send_message(int fd, const struct shunt_welcome *message, int table)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec vector = { (void *)message, sizeof(*message) };
	struct msghdr envelope = { .msg_iov = &vector, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (table >= 0) {
		envelope.msg_control = control.space;
		envelope.msg_controllen = sizeof(control.space);
		header = CMSG_FIRSTHDR(&envelope);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &table, sizeof(int));
	}
	return sendmsg(fd, &envelope, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool welcome_send(const struct welcome *welcome, int fd, int table, bool settled)
{
	struct shunt_welcome message = {
		.magic = SHUNT_WELCOME_MAGIC,
		.size = sizeof(message),
		.status = welcome->status,
		.nonce = welcome->nonce,
		.version = SHUNT_TABLE_VERSION,
		.flags = settled ? SHUNT_WELCOME_SETTLED : 0,
		.table_size = SHUNT_TABLE_SIZE,
	};

	if (table < 0) {
		errno = ENOENT;
		return false;
	}
	return send_message(fd, &message, welcome->status == SHUNT_STATUS_OK ? table : -1) >= 0;
}

bool welcome_error_is_temporary(int error)
{
	return error == ETOOMANYREFS || error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

bool welcome_is_unread(int fd)
{
	int unread = 0;

	return ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0;
}
