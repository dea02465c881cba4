/*
 * The lookup shared by all entry points: name → record → the addresses to return.
 *
 *   entry: lookup_name(); LOOKUP_PASS: call libc with unchanged arguments
 *                         LOOKUP_FAIL: a temporary failure of name resolution
 *                         LOOKUP_FOUND: build the result from `out`, which the caller owns
 *
 * Preserves errno. Once attached it makes no system calls, except for a record that its writer left
 * partly written.
 */
#ifndef SHUNT_SHIM_LOOKUP_H
#define SHUNT_SHIM_LOOKUP_H

#include "core/table.h"

enum lookup_result { LOOKUP_PASS, LOOKUP_FAIL, LOOKUP_FOUND };

/*
 * `name` may be anything, including NULL. `named`: whether the record's name is asked for (see
 * struct table_answer). With LOOKUP_FOUND there is at least one address, in failover order.
 */
enum lookup_result lookup_name(const char *name, bool named, struct table_answer *out);

/*
 * Whether it consists of digits, dots and slashes, or begins with a colon, as numeric addresses do.
 * lookup_name() passes such a name on, and takes longer.
 */
bool lookup_is_number(const char *name);

/*
 * As lookup_name(), for a question with AI_IDN: the name may be in the locale's encoding. Called
 * instead of it for a name that is not pure ASCII (lookup_is_ascii()).
 */
enum lookup_result lookup_international(const char *name, bool named, struct table_answer *out);
bool lookup_is_ascii(const char *name);

/*
 * Alias number `i`, from 0, of the record that lookup_name() found for this name; false: there are
 * no more. For callers that list them (h_aliases). No system calls.
 */
bool lookup_alias(const char *name, uint32_t i, char out[TABLE_NAME_SIZE]);

#endif
