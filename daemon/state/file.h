/*
 * The state's folder and the one file in it. Everything here may wait for a disk: state_writer calls it from its thread, main
 * before the loop runs.
 *
 * Paths below the folder are never followed: it stays open, and a file is ours, plain, and of a bounded size, or it is not read.
 */
#ifndef SHUNT_STATE_FILE_H
#define SHUNT_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STATE_FILE_MAX (64u << 20) /* bytes; many times what the largest table needs */
#define STATE_FILE_NAME "state.json"

struct state_file {
	int folder; /* descriptor; locked, so that two daemons do not write the same file */
	int file;   /* the one that was written last, for the next stamp; -1: none */
};

/*
 * Opens the folder, and makes it, for `uid` and `gid`, where only itself is missing. False with the error filled, for one
 * line that the caller prefixes.
 */
bool state_file_open(struct state_file *file, const char *path, uid_t uid, gid_t gid, char *error,
                     size_t size);
void state_file_close(struct state_file *file);

/*
 * 1: it is there, in `*text`, which the caller frees; 0: there is none; -1: it is not to be believed, and `*why` says so; -2 with
 * errno: this process lacks a descriptor or memory to read it, which says nothing about the file.
 */
int state_file_read(const struct state_file *file, char **text, size_t *size, const char **why);

/* The file gets another name, STATE_FILE_NAME ".bad". 0 or an errno. */
int state_file_set_aside(const struct state_file *file);

/* Replaces the file as a whole: after a crash it is the old one or the new one. 0 or an errno. */
int state_file_write(struct state_file *file, const char *text, size_t size);

/* Overwrites bytes of the file that was written last, without waiting for the disk. 0 or an errno. */
int state_file_stamp(const struct state_file *file, const char *text, size_t size, off_t offset);

#endif
