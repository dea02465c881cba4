#include "server/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "process/cmdline.h"

/* The starter may have exited already. */
static void put(struct cmdline *options, const char *what)
{
	if (options->ready_fd < 0)
		return;
	if (write(options->ready_fd, what, 1) < 0)
		log_debug("the process that started this daemon does not wait for it: %s",
		          strerror(errno));
	close(options->ready_fd);
	options->ready_fd = -1;
}

static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDERR_FILENO);
	close(null);
}

void starter_ready(struct cmdline *options)
{
	if (options->ready_fd < 0)
		return;
	put(options, CMDLINE_READY);
	if (!options->verbose)
		leave_terminal();
}

void starter_failed(struct cmdline *options)
{
	put(options, CMDLINE_FAILED);
}
