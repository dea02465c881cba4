/*
 * The thread that waits for the disk so that the loop does not have to. It has one job at a time.
 */
#ifndef SHUNT_STATE_WRITER_H
#define SHUNT_STATE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct state_file;
struct state_writer;

/*
 * Returns NULL if the thread cannot be created (errno is set). `file` belongs to the thread until
 * the end.
 */
struct state_writer *state_writer_new(struct state_file *file);

/* An eventfd that becomes readable when a job is done. */
int state_writer_fd(const struct state_writer *writer);

/* Starts a job: writes the whole file; takes ownership of `text`. No job may be under way. */
void state_writer_write(struct state_writer *writer, char *text, size_t size);
/*
 * Starts a job: overwrites bytes of the file; takes ownership of `text`. No job may be under way.
 */
void state_writer_stamp(struct state_writer *writer, char *text, size_t size, off_t offset);

/*
 * Sets `*error` to the result of the last job: 0 or an errno. Returns false if it is still under
 * way after `ms`.
 */
bool state_writer_done(struct state_writer *writer, int ms, int *error);

/* No job may be under way. */
void state_writer_free(struct state_writer *writer);

#endif
