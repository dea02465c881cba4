/*
 * A text in libconfig's grammar → a tree, with libconfig in a process of its own.
 *
 * libconfig does not look at what malloc() gives it: 1.5 writes through NULL, later releases call exit(). A reload must never end the
 * daemon, so the parser runs in a child, which sends the tree through a pipe; whatever becomes of the child, the daemon has a tree
 * or an error. (To reserve memory first would hold for most shortages, not for all.)
 */
#ifndef SHUNT_CONFIG_PARSE_H
#define SHUNT_CONFIG_PARSE_H

#include "config/tree.h"

struct config_parsed {
	const struct tree *root; /* NULL: an error, and: */
	char *error;             /* libconfig's words for a syntax error at `line`; NULL: `why` */
	unsigned line;
	const char *why; /* the parser could not be run to its end */
	void *blocks[3]; /* the memory of all this */
};

/* Waits for the child, PARSE_MS at most. config_parsed_free() it in any case. */
void config_parse(const char *text, struct config_parsed *parsed);
void config_parsed_free(struct config_parsed *parsed);

#endif
