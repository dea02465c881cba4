/* Code shared by the fuzz targets for messages with descriptors: send one, and see that none leaks. */
#ifndef SHUNT_FUZZ_DESCRIPTORS_H
#define SHUNT_FUZZ_DESCRIPTORS_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/fuzz/target.h"

#define DESCRIPTORS_MAX 4u

/*
 * Which of the first 64 descriptors are open. Some may have been inherited from the parent process.
 */
static inline uint64_t open_numbers(void)
{
	uint64_t open = 0;

	for (int fd = 0; fd < 64; fd++)
		open |= (uint64_t)(fcntl(fd, F_GETFD) >= 0) << fd;
	return open;
}

/* With so many descriptors, at most DESCRIPTORS_MAX. */
static inline void send_message(int fd, const uint8_t *bytes, size_t size, size_t descriptors)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	const int sent[DESCRIPTORS_MAX] = { fd, fd, fd, fd };

	if (descriptors) {
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(descriptors * sizeof(int));
		memcpy(CMSG_DATA(&control.align), sent, descriptors * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
	}
	HOLDS(sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)size);
}

#endif
