/*
 * The state folder and the single file in it. All functions may block on disk I/O: state_writer
 * calls them from its thread, main before the loop runs.
 *
 * The folder stays open, and symbolic links in it are never followed. A file is read only if it is
 * owned by this user, a regular file, and of limited size.
 */
#ifndef SHUNT_STATE_FILE_H
#define SHUNT_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STATE_FILE_MAX (64u << 20) /* bytes; many times the size that the largest table needs */
#define STATE_FILE_NAME "state.json"

struct state_file {
	int folder; /* descriptor; locked, so that no two daemons write the same file */
	int file;   /* the file written last, for the next stamp; -1 if there is none */
};

/*
 * Opens the folder; if only its last component is missing, creates it for `uid` and `gid`. On
 * failure returns false and fills the error with one line, which the caller prefixes.
 */
bool state_file_open(struct state_file *file, const char *path, uid_t uid, gid_t gid, char *error,
                     size_t size);
void state_file_close(struct state_file *file);

/*
 * Returns 1: the file exists and is in `*text`, which the caller frees; 0: there is no file; -1:
 * the file cannot be trusted, for the reason in `*why`; -2 with errno: this process lacks a
 * descriptor or memory to read it, which says nothing about the file.
 */
int state_file_read(const struct state_file *file, char **text, size_t *size, const char **why);

/* Renames the file to STATE_FILE_NAME ".bad". Returns 0 or an errno. */
int state_file_set_aside(const struct state_file *file);

/*
 * Replaces the file atomically: after a crash it is either the old one or the new one. Returns 0 or
 * an errno.
 */
int state_file_write(struct state_file *file, const char *text, size_t size);

/*
 * Overwrites bytes of the file written last, without waiting for the disk. Returns 0 or an errno.
 */
int state_file_stamp(const struct state_file *file, const char *text, size_t size, off_t offset);

#endif
