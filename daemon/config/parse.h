/*
 * Parses a text in libconfig's grammar into a tree, with libconfig in a separate process.
 *
 * libconfig does not check the result of malloc(): 1.5 writes through NULL, later releases call
 * exit(). A reload must never end the daemon, so the parser runs in a child process, which sends
 * the tree through a pipe; whatever happens to the child, the daemon has either a tree or an error.
 * (Reserving memory beforehand would cover most shortages, but not all.)
 */
#ifndef SHUNT_CONFIG_PARSE_H
#define SHUNT_CONFIG_PARSE_H

#include "config/tree.h"

struct config_parsed {
	const struct tree *root; /* NULL on error; then the fields below are set: */
	/* libconfig's message for a syntax error at `line`; NULL if `why` is set. */
	char *error;
	unsigned line;
	const char *why; /* why the parser could not be completed */
	void *blocks[3]; /* the memory of the fields above */
};

/*
 * Waits for the child, for PARSE_MS at most. The result must be freed with config_parsed_free() in
 * any case.
 */
void config_parse(const char *text, struct config_parsed *parsed);
void config_parsed_free(struct config_parsed *parsed);

#endif
