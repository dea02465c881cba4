/* The conversation with the daemon: hello, welcome, and the descriptor of its table. Only attach calls it. */
#ifndef SHUNT_SHIM_WELCOME_H
#define SHUNT_SHIM_WELCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shunt/protocol.h"

enum welcome_result {
	WELCOME_TABLE,
	WELCOME_ABSENT,  /* no daemon, or none that we understand */
	WELCOME_TIMEOUT, /* there is one, and it does not answer */
};

/*
 * Within an attempt that has started, which then holds `table`, not checked yet. Takes SHUNT_ATTACH_MS at most.
 * `settled`: whether the daemon's table was, when it answered.
 */
enum welcome_result welcome_ask(int *table, bool *settled);

/* Whether this, `size` bytes long, is the answer to a hello with this nonce that brings a table. */
bool welcome_check(const struct shunt_welcome *welcome, size_t size, uint32_t nonce);

#endif
