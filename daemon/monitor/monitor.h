/*
 * The spine: from a verdict to the table.
 *
 *   probe_finish → monitor's verdict → host_fault_judge → health_observe → decide_record (election_run → tables_publish → event)
 *
 * The monitor owns what runs: the targets that are probed (one for each check, host and address, whoever asks), the records
 * with their elections, and the published tables (the current one, and superseded ones for SHUNT_SUPERSEDED_MS).
 */
#ifndef SHUNT_MONITOR_MONITOR_H
#define SHUNT_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "monitor/parts.h"

struct histogram;
struct monitor;
struct view_record;

struct monitor *monitor_new(const struct monitor_parts *parts);
void monitor_free(struct monitor *monitor);

/*
 * Takes the configuration over: the first, or, at a reload, another one. What did not change keeps its health and its answer. False
 * when no table can be made (errno): then nothing has changed and the configuration is still the caller's.
 */
bool monitor_load(struct monitor *monitor, struct config *config);

/* For state_start(). */
char *monitor_state(void *monitor, size_t *size);

/* For clients_new(): the current table. */
int monitor_table(void *monitor, bool *settled);

/* The inode of the current table, by which /proc/PID/maps shows who has it mapped; 0: unknown. */
uint64_t monitor_table_inode(const struct monitor *monitor);

bool monitor_is_settled(const struct monitor *monitor);

/* Nothing beyond this host answers: the answers hold. */
bool monitor_is_isolated(const struct monitor *monitor);

const struct config *monitor_config(const struct monitor *monitor);
/* Changes with each monitor_load(): what was read in parts before it no longer belongs together. */
uint64_t monitor_generation(const struct monitor *monitor);
size_t monitor_record_count(const struct monitor *monitor);
/* How many records have an override. */
size_t monitor_override_count(const struct monitor *monitor);
/* How late the heartbeats were. */
const struct histogram *monitor_lateness(const struct monitor *monitor);
/* Its name, as the configuration spells it. */
const char *monitor_name(const struct monitor *monitor, size_t index);
/* The record of that name or alias, in any case, with or without a final dot. */
bool monitor_find(const struct monitor *monitor, const char *name, size_t *index);
void monitor_read(const struct monitor *monitor, size_t index, struct view_record *out);

#endif
