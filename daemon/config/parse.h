/*
 * Reads a configuration's files and parses them in libconfig's grammar into a tree, in a separate
 * process.
 *
 * libconfig does not check the result of malloc(): 1.5 writes through NULL, later releases call
 * exit(). A reload must never end the daemon, so the parser runs in a child process, which sends
 * the tree through a pipe; whatever happens to the child, the daemon has either a tree or an error.
 * (Reserving memory beforehand would cover most shortages, but not all.) It takes seconds for 64 MB
 * of text, which the daemon does not wait for:
 *
 *   config_parse_start()   starts the child; from then on parser.fd is to be watched
 *   config_parse_read()    called while that is readable, until it returns false
 *   config_parse_end()     the result; before that, it ends the child
 */
#ifndef SHUNT_CONFIG_PARSE_H
#define SHUNT_CONFIG_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/tree.h"

struct config_text;

#define CONFIG_PARSE_MS 60000u /* the time to allow; libconfig takes some seconds for 64 MB */

#define CONFIG_PARSE_LATE "it takes too long"

struct config_parsed {
	const struct tree *root; /* NULL on error; then one of the first three below is set: */
	char *refused;   /* a complete message: the files cannot be read, or are not allowed */
	char *error;     /* libconfig's message for a syntax error at `line` */
	const char *why; /* why the parser could not be completed */
	int why_errno;   /* the errno of that; 0 if there is none */
	unsigned line;   /* of the text */
	void *blocks[3]; /* the memory of the fields above */
	/* Where the lines of the text come from; it has no data. Owned. NULL if that is unknown. */
	struct config_text *places;
};

/* A child under way. */
struct config_parser {
	pid_t pid; /* -1: there is none */
	int fd;    /* readable when the child has sent something, or has ended; -1 */
	char *bytes;
	size_t length, room;
	const char *why; /* why it has failed; NULL so far */
	int why_errno;   /* the errno of that; 0 if there is none */
};

/* `path` as for config_scan(); it must live until config_parse_end(). */
void config_parse_start(struct config_parser *parser, const char *path);

/* Reads once, and may block if `fd` is not readable. Returns false when there is nothing more. */
bool config_parse_read(struct config_parser *parser);

/*
 * Before config_parse_read() has returned false, the result is the error `why`. The result must be
 * freed with config_parsed_free() in any case.
 */
void config_parse_end(struct config_parser *parser, const char *why, struct config_parsed *parsed);

/* Waits for the whole, for CONFIG_PARSE_MS at most. */
void config_parse_file(const char *path, struct config_parsed *parsed);

/* The same for a text, without `places`. */
void config_parse(const char *text, struct config_parsed *parsed);

void config_parsed_free(struct config_parsed *parsed);

#endif
