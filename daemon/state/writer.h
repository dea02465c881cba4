/* The thread that waits for the disk, so that the loop does not: one job at a time. */
#ifndef SHUNT_STATE_WRITER_H
#define SHUNT_STATE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct state_file;
struct state_writer;

/* NULL: no thread (errno). `file` is the thread's until the end. */
struct state_writer *state_writer_new(struct state_file *file);

/* An eventfd: readable when a job is done. */
int state_writer_fd(const struct state_writer *writer);

/* A job: the file as a whole; takes `text` over. Only when none is under way. */
void state_writer_write(struct state_writer *writer, char *text, size_t size);
/* A job: bytes of it; takes `text` over. Only when none is under way. */
void state_writer_stamp(struct state_writer *writer, char *text, size_t size, off_t offset);

/* What became of the last job: 0 or an errno. False: it is still under way. Waits `ms` at most. */
bool state_writer_done(struct state_writer *writer, int ms, int *error);

/* Only when no job is under way. */
void state_writer_free(struct state_writer *writer);

#endif
