#include "connection/tell.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attach/attempt.h"
#include "core/settings.h"
#include "core/tick.h"
#include "shunt/protocol.h"

/* Returns false if the path is too long. */
static bool find_socket(struct sockaddr_un *address)
{
	const size_t room = sizeof(address->sun_path) - sizeof(SHUNT_REPORT_SUFFIX);

	address->sun_family = AF_UNIX;
	if (!settings_socket(address->sun_path) || strlen(address->sun_path) > room)
		return false;
	strcat(address->sun_path, SHUNT_REPORT_SUFFIX);
	return true;
}

static void send_report(const struct sockaddr_un *address, struct iovec *parts)
{
	struct msghdr message = { .msg_name = (void *)address,
		                  .msg_namelen = sizeof(*address),
		                  .msg_iov = parts,
		                  .msg_iovlen = 2 };
	int fd;

	attempt_start(tick_now());
	fd = attempt_hold(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fd >= 0)
		sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	attempt_end();
}

void tell_failure(const struct given *given, const struct destination *destination, int error)
{
	const struct shunt_address *address = &destination->address;
	struct shunt_report report = { .magic = SHUNT_REPORT_MAGIC,
		                       .size = sizeof(report),
		                       .error = (uint32_t)error,
		                       .port = ntohs(destination->port),
		                       .family = address->family,
		                       .scope_id = address->scope_id,
		                       .name_length = given->length };
	struct iovec parts[] = { { &report, sizeof(report) },
		                 { (void *)given->name, given->length } };
	struct sockaddr_un socket_address = { 0 };

	memcpy(report.word, address->word, sizeof(report.word));
	if (find_socket(&socket_address) && attempt_may_start(tick_now()))
		send_report(&socket_address, parts);
}
