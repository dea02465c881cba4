#include "attach/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/tick.h"

/* longer than an attach can take: an older mark is left over from a jump */
#define LEFT_TICKS TICKS

/*
 * Written word by word, since a jump may occur between any two. 16 bytes: the loader has little
 * room for the module's thread-local data.
 */
static __thread volatile struct {
	uint32_t since;   /* tick of the start; 0: not in an attempt, and the rest is meaningless */
	int cancel_state; /* the program's own; negative: not saved yet */
	int fd;           /* negative: none */
	uint32_t file;    /* its inode number, which identifies it; 0: unknown */
} attempt;

static uint32_t file_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 ? (uint32_t)status.st_ino : 0;
}

/* A program may have closed 0, 1 or 2 on purpose, so ours get higher numbers. */
static int above_stdio(int fd)
{
	int moved;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return moved;
}

static void let_go(void)
{
	int fd = attempt.fd;

	attempt.fd = -1;
	if (fd >= 0)
		close(fd);
}

int attempt_hold(int fd)
{
	fd = above_stdio(fd);
	if (fd < 0)
		return -1;
	let_go();
	attempt.file = 0;
	attempt.fd = fd;
	attempt.file = file_of(fd);
	return fd;
}

void attempt_start(uint32_t now)
{
	int state = -1;

	attempt.fd = attempt.cancel_state = -1;
	attempt.since = tick_nonzero(now);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	attempt.cancel_state = state;
}

void attempt_end(void)
{
	let_go();
	if (attempt.cancel_state >= 0)
		pthread_setcancelstate(attempt.cancel_state, NULL);
	attempt.since = 0;
}

/*
 * After a jump. The number may belong to the program by now: only a descriptor known to be ours is
 * closed.
 */
static void tidy(void)
{
	int saved = errno;

	if (attempt.fd >= 0 && (attempt.file == 0 || file_of(attempt.fd) != attempt.file))
		attempt.fd = -1;
	attempt_end();
	errno = saved;
}

bool attempt_may_start(uint32_t now)
{
	if (!attempt.since)
		return true;
	if (tick_since(attempt.since, now) <= LEFT_TICKS)
		return false;
	tidy();
	return true;
}
