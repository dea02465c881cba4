/*
 * The only reader of the shared table (shunt/table.h). No system calls, no allocation, no state.
 *
 * `base` is the address at which SHUNT_TABLE_SIZE bytes are mapped. Their contents are untrusted
 * and may be replaced by another table at any time: no contents make these functions read outside
 * the table, or loop forever.
 */
#ifndef SHUNT_SHIM_TABLE_H
#define SHUNT_SHIM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "shunt/table.h"

#define TABLE_NAME_SIZE (SHUNT_NAME_MAX + 3) /* whole words, including the terminator */

/* What every lookup writes comes first, in one line of the processor's cache. */
struct table_answer {
	uint32_t answer;  /* an endpoint's index, or SHUNT_ANSWER_ */
	uint32_t count;   /* number of its addresses; 0 with SHUNT_ANSWER_ */
	uint32_t connect; /* SHUNT_CONNECT_ */
	bool forced;      /* by SHUNT_FORCE; set by lookup_name() */
	struct shunt_address addresses[SHUNT_ADDRESSES_MAX];
	/*
	 * The record's name, as the configuration spells it; empty if it was not asked for and
	 * `connect` is SHUNT_CONNECT_OFF.
	 */
	char name[TABLE_NAME_SIZE];
};

enum table_result {
	TABLE_ABSENT, /* the table does not contain this name */
	TABLE_FOUND,
	/*
	 * the table contains it, but the record could not be read: it is being written, or damaged
	 */
	TABLE_BUSY,
	TABLE_DAMAGED /* this is not a table, or its index is damaged */
};

/*
 * `length` characters, 1 to SHUNT_NAME_MAX, without a final dot; in any case. `out` is filled only
 * with TABLE_FOUND. `named`: whether the record's name is asked for: to copy it takes a tenth of the
 * search.
 */
enum table_result table_find(const void *base, const char *name, uint32_t length, bool named,
                             struct table_answer *out);

/*
 * Alias number `i`, from 0, of the record with this name or alias, as the configuration spells it.
 * Returns false if there are no more, or the table does not (or no longer) contain the name.
 */
bool table_alias(const void *base, const char *name, uint32_t length, uint32_t i,
                 char out[TABLE_NAME_SIZE]);

/*
 * The canonical name of the record with a name of this Unicode form, in UTF-8 and lower case.
 * Returns false if the table has no such name.
 */
bool table_unicode(const void *base, const char *name, uint32_t length, char out[TABLE_NAME_SIZE]);

#define TABLE_ROUTE_MAX 32u /* addresses of one family; a record may have more */

/* Where connections to a record's addresses may go. */
struct table_route {
	uint32_t connect; /* SHUNT_CONNECT_; off: the rest is meaningless */
	uint32_t count;   /* 0 if the record's answer is SHUNT_ANSWER_ */
	/*
	 * Those of the answering endpoint first, then those of the other endpoints in failover
	 * order. SHUNT_ADDRESS_ANSWER only where it is part of the answer now.
	 */
	struct shunt_address addresses[TABLE_ROUTE_MAX];
};

/*
 * The route of the record with this name or alias, within one family (SHUNT_FAMILY_). `out` is
 * filled only with TABLE_FOUND.
 */
enum table_result table_route(const void *base, const char *name, uint32_t length, uint32_t family,
                              struct table_route *out);

struct table_force {
	const char *name; /* as in table_find(), not terminated */
	uint32_t name_length;
	const char *id; /* not terminated */
	uint32_t id_length;
};

/*
 * As table_find(), but the answer is the endpoint named by `force`, whatever the record says.
 * TABLE_ABSENT: `force` is for another record, or this one has no such endpoint.
 */
enum table_result table_find_forced(const void *base, const char *name, uint32_t length,
                                    const struct table_force *force, struct table_answer *out);

/*
 * Whether table_find() can read a table with this header. Examines only the first sizeof(struct
 * shunt_table_header) bytes.
 */
bool table_check(const void *base);

/* A word that another process may be writing. */
#define TABLE_LOAD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)

#define TABLE_HEADER(base, member) TABLE_LOAD(((const struct shunt_table_header *)(base))->member)

/* Words of the header. They are meaningless if table_check() fails. */

static inline void table_id(const void *base, uint32_t id[2])
{
	id[0] = TABLE_HEADER(base, id[0]);
	id[1] = TABLE_HEADER(base, id[1]);
}

static inline bool table_same(const void *base, const uint32_t id[2])
{
	return TABLE_HEADER(base, id[0]) == id[0] && TABLE_HEADER(base, id[1]) == id[1];
}

static inline uint32_t table_heartbeat(const void *base)
{
	return TABLE_HEADER(base, heartbeat);
}

static inline uint32_t table_state(const void *base)
{
	return TABLE_HEADER(base, state);
}

static inline uint32_t table_stale_limit_ms(const void *base)
{
	return TABLE_HEADER(base, stale_limit_ms);
}

#endif
