/*
 * The one road of every entry: name → record → the addresses to answer.
 *
 *   entry: lookup_name(); LOOKUP_PASS: call libc with the arguments untouched
 *                         LOOKUP_FAIL: a temporary failure of name resolution
 *                         LOOKUP_FOUND: build the result from `out`, which is the caller's
 *
 * Keeps errno. Once attached it makes no system call, but for a record that its writer leaves half
 * written.
 */
#ifndef SHUNT_SHIM_LOOKUP_H
#define SHUNT_SHIM_LOOKUP_H

#include "core/table.h"

enum lookup_result { LOOKUP_PASS, LOOKUP_FAIL, LOOKUP_FOUND };

/* `name` may be anything, NULL too. With LOOKUP_FOUND there is at least one address, in failover
 * order. */
enum lookup_result lookup_name(const char *name, struct table_answer *out);

/*
 * As lookup_name(), for a question with AI_IDN: the name may be in the locale's characters. Called instead of it where there is
 * one that is not of ASCII alone (lookup_is_ascii()).
 */
enum lookup_result lookup_international(const char *name, struct table_answer *out);
bool lookup_is_ascii(const char *name);

/*
 * The alias number `i`, from 0, of the record that lookup_name() found for this name; false: there are no more. For those who
 * list them (h_aliases). No system call.
 */
bool lookup_alias(const char *name, uint32_t i, char out[TABLE_NAME_SIZE]);

#endif
