/*
 * SHUNT_FORCE: endpoints that only this process gets, whatever their health. No system calls, no
 * state.
 */
#ifndef SHUNT_SHIM_FORCE_H
#define SHUNT_SHIM_FORCE_H

#include <stddef.h>

#include "core/table.h"

/*
 * `list` is the variable's text, "name=endpoint,…". The first entry that names the record and one
 * of its endpoints wins: TABLE_FOUND, with that endpoint in `out`. Malformed and unknown entries
 * are ignored. TABLE_ABSENT: no entry matches; other results are those of table_find().
 */
enum table_result force_find(const void *table, const char *list, const char *name, uint32_t length,
                             struct table_answer *out);

/* Why that entry of the list, without its comma, is ignored; NULL: it is not. */
const char *force_trouble(const void *table, const char *entry, size_t length);

#endif
