/* SHUNT_FORCE: endpoints that this process alone is given, whatever their health. No system call, no state. */
#ifndef SHUNT_SHIM_FORCE_H
#define SHUNT_SHIM_FORCE_H

#include <stddef.h>

#include "core/table.h"

/*
 * `list` is the variable's text, "name=endpoint,…". The first entry that names the asked name's record and one of its
 * endpoints wins: TABLE_FOUND, and that endpoint is in `out`. Malformed and unknown entries are passed over. TABLE_ABSENT:
 * no entry is meant; the other results are table_find()'s.
 */
enum table_result force_find(const void *table, const char *list, const char *name, uint32_t length,
                             struct table_answer *out);

/* Why that entry of the list, without its comma, is passed over; NULL: it is not. */
const char *force_trouble(const void *table, const char *entry, size_t length);

#endif
