/*
 * The central data path, from a verdict to the table.
 *
 *   probe_finish → monitor's verdict → host_fault_judge → health_observe
 *     → decide_record (election_run → tables_publish → event)
 *
 * The monitor owns the objects in use: the targets that are probed (one for each check, host and
 * address, shared by all endpoints with that check), the records with their elections, and the
 * published tables (the current one, and superseded ones for SHUNT_SUPERSEDED_MS).
 */
#ifndef SHUNT_MONITOR_MONITOR_H
#define SHUNT_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "monitor/parts.h"

struct door;
struct fleet;
struct histogram;
struct monitor;
struct reset;
struct view_record;

struct monitor *monitor_new(const struct monitor_parts *parts);
void monitor_free(struct monitor *monitor);

/*
 * Takes ownership of the configuration, at the start or at a reload. Anything that did not change
 * keeps its health and its answer. Returns false if no table can be created (errno is set): then
 * nothing has changed and the caller still owns the configuration.
 */
bool monitor_load(struct monitor *monitor, struct config *config);

/* Callback for state_start(). */
char *monitor_state(void *monitor, size_t *size);

/* Callback for clients_new(): returns the current table. */
int monitor_table(void *monitor, bool *settled);

/*
 * The inode of the current table, by which /proc/PID/maps shows the processes that have it mapped;
 * 0 if unknown.
 */
uint64_t monitor_table_inode(const struct monitor *monitor);

bool monitor_is_settled(const struct monitor *monitor);

/* Whether this host is isolated: nothing beyond it answers, and answers are frozen. */
bool monitor_is_isolated(const struct monitor *monitor);

/* NULL in a private daemon, which has no doors. */
const struct door *monitor_door(const struct monitor *monitor);
/* What resets open connections; NULL: nothing does. */
const struct reset *monitor_reset(const struct monitor *monitor);
/* The hosts that decide with this one; NULL: a private daemon is in no fleet. */
struct fleet *monitor_fleet(const struct monitor *monitor);

/*
 * Callback for fleet_new(): `record` may have another ballot or order; NULL: all of them, or the fleet has
 * another state.
 */
void monitor_fleet_changed(void *monitor, const char *record);

const struct config *monitor_config(const struct monitor *monitor);
/* Changes with each monitor_load(): parts read before and after a change do not belong together. */
uint64_t monitor_generation(const struct monitor *monitor);
size_t monitor_record_count(const struct monitor *monitor);
/* Number of records that have an override. */
size_t monitor_override_count(const struct monitor *monitor);
/* Histogram of how late the heartbeats were. */
const struct histogram *monitor_lateness(const struct monitor *monitor);
/* The record's name as spelled in the configuration. */
const char *monitor_name(const struct monitor *monitor, size_t index);
/* Finds the record with that name or alias, in any case, with or without a final dot. */
bool monitor_find(const struct monitor *monitor, const char *name, size_t *index);
void monitor_read(const struct monitor *monitor, size_t index, struct view_record *out);

#endif
