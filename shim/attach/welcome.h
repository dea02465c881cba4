/*
 * The exchange with the daemon: hello, welcome, and the descriptor of its table. Called only by
 * attach.
 */
#ifndef SHUNT_SHIM_WELCOME_H
#define SHUNT_SHIM_WELCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shunt/protocol.h"

enum welcome_result {
	WELCOME_TABLE,
	WELCOME_ABSENT,  /* no daemon, or an incompatible one */
	WELCOME_TIMEOUT, /* there is a daemon, and it does not answer */
};

/*
 * Called within an attempt, which then holds `table`, not checked yet. Takes at most
 * SHUNT_ATTACH_MS. `settled`: whether the daemon's table was settled when it answered.
 */
enum welcome_result welcome_ask(int *table, bool *settled);

/* Whether these `size` bytes answer a hello with this nonce and come with a table. */
bool welcome_check(const struct shunt_welcome *welcome, size_t size, uint32_t nonce);

#endif
