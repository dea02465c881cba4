/*
 * What is asked of a record from outside: operators' commands, called by control with its index in the
 * configuration, and clients' reports.
 */
#ifndef SHUNT_MONITOR_OPERATE_H
#define SHUNT_MONITOR_OPERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"

#include "shunt/table.h"

struct monitor;
struct reports_failure;

struct operate_order {
	const char *endpoint; /* the endpoint's id */
	uid_t uid;
	const char *by;     /* the user's name, or "uid 1234" */
	const char *reason; /* NULL if none was given; text from outside */
	uint32_t for_ms;    /* 0: no time limit */
	bool anyway;        /* force it even if the endpoint is down */
};

enum operate_forced { OPERATE_FORCED, OPERATE_NO_ENDPOINT, OPERATE_DOWN };

#define OPERATE_ERROR_MAX 1000

/* If the result is not OPERATE_FORCED, nothing was changed and `error` is one line. */
enum operate_forced operate_force(struct monitor *monitor, size_t index,
                                  const struct operate_order *order, char error[OPERATE_ERROR_MAX]);

/* Ends an override, and any wait for a failback. */
void operate_auto(struct monitor *monitor, size_t index, const char *by);

/* An order to reset the open connections to an endpoint. */
struct operate_reset {
	const char *endpoint; /* the endpoint's id */
	bool dry_run;         /* only count them */
	/* Filled: */
	uint64_t number; /* of the order, among those of `reset` */
	/* Addresses that are left out, and a record that answers with each. */
	struct {
		struct address address;
		const char *record;
	} kept[SHUNT_ADDRESSES_MAX];
	size_t kept_count;
};

/* OPERATE_DOWN stands for every other refusal than that of an endpoint that there is not. */
enum operate_forced operate_reset(struct monitor *monitor, size_t index,
                                  struct operate_reset *order, char error[OPERATE_ERROR_MAX]);

/*
 * Starts a new probe of every address of the record. Returns the time in ms within which the
 * verdicts will be available unless they are delayed.
 */
uint32_t operate_check(struct monitor *monitor, size_t index);

/*
 * Callback for reports_new(); `monitor` is a struct monitor. A report is no verdict: at most it makes a
 * probe due at once, that of an address of a record with `connect` which is up, and nothing contradicts
 * that. (The probes of others are due soon.) The same target is made due at most once in
 * OPERATE_REPORT_MS.
 */
#define OPERATE_REPORT_MS 100u
bool operate_report(void *monitor, const struct reports_failure *failure);

#endif
