#include "state/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "state/file.h"

#define WHOLE ((off_t)-1)

struct state_writer {
	struct state_file *file;
	int done; /* eventfd */
	pthread_t thread;
	pthread_mutex_t lock; /* protects the fields below */
	pthread_cond_t job;
	char *text; /* NULL if there is no job */
	size_t size;
	off_t offset; /* WHOLE: replace the whole file */
	bool end;
	int error; /* result of the last job */
};

static int work(struct state_writer *writer, const char *text, size_t size, off_t offset)
{
	if (offset == WHOLE)
		return state_file_write(writer->file, text, size);
	return state_file_stamp(writer->file, text, size, offset);
}

static void *run(void *arg)
{
	struct state_writer *writer = arg;

	pthread_mutex_lock(&writer->lock);
	for (;;) {
		char *text = writer->text;
		int error;

		if (!text && writer->end)
			break;
		if (!text) {
			pthread_cond_wait(&writer->job, &writer->lock);
			continue;
		}
		pthread_mutex_unlock(&writer->lock);
		error = work(writer, text, writer->size, writer->offset);
		free(text);
		pthread_mutex_lock(&writer->lock);
		writer->text = NULL;
		writer->error = error;
		eventfd_write(writer->done, 1);
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

/* Signals are handled by the loop's thread. */
static int start_thread(struct state_writer *writer)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&writer->thread, NULL, run, writer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct state_writer *state_writer_new(struct state_file *file)
{
	struct state_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->file = file;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->job, NULL);
	writer->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (writer->done >= 0) {
		errno = start_thread(writer);
		if (errno == 0)
			return writer;
		close(writer->done);
	}
	free(writer);
	return NULL;
}

int state_writer_fd(const struct state_writer *writer)
{
	return writer->done;
}

static void give(struct state_writer *writer, char *text, size_t size, off_t offset)
{
	pthread_mutex_lock(&writer->lock);
	writer->text = text;
	writer->size = size;
	writer->offset = offset;
	pthread_cond_signal(&writer->job);
	pthread_mutex_unlock(&writer->lock);
}

void state_writer_write(struct state_writer *writer, char *text, size_t size)
{
	give(writer, text, size, WHOLE);
}

void state_writer_stamp(struct state_writer *writer, char *text, size_t size, off_t offset)
{
	give(writer, text, size, offset);
}

bool state_writer_done(struct state_writer *writer, int ms, int *error)
{
	struct pollfd poll_fd = { .fd = writer->done, .events = POLLIN };
	eventfd_t count;
	bool done;

	poll(&poll_fd, 1, ms);
	done = eventfd_read(writer->done, &count) == 0;
	pthread_mutex_lock(&writer->lock);
	*error = writer->error;
	pthread_mutex_unlock(&writer->lock);
	return done;
}

void state_writer_free(struct state_writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->end = true;
	pthread_cond_signal(&writer->job);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	pthread_cond_destroy(&writer->job);
	pthread_mutex_destroy(&writer->lock);
	close(writer->done);
	free(writer);
}
