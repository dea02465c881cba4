/* Internals of the monitor, for monitor, operate and operate_fleet only. */
#ifndef SHUNT_MONITOR_INSIDE_H
#define SHUNT_MONITOR_INSIDE_H

#include "base/log.h"
#include "monitor/decide.h"
#include "monitor/leave.h"
#include "monitor/override.h"
#include "monitor/parts.h"
#include "publish/tables.h"
#include "roster/roster.h"
#include "roster/target.h"

struct monitor {
	struct monitor_parts parts;
	struct config *config;
	struct roster *roster;
	struct targets targets;
	struct overrides overrides;
	struct host_fault *host_fault;
	struct decide decide;
	struct tables tables;
	struct leaves leaves;
	struct record *changed; /* records to update; linked by next_changed */
	uint64_t generation;
	uint64_t settle_by_ms;
	/* Limits log lines about probes that this host could not make. */
	struct log_throttle own_fault;
	bool settled;
	struct event *settle;
	struct event *sweep; /* removes targets without users */
	struct event *heard; /* a DNS server beyond this host has answered */
};

/*
 * Publishes whether the target is in doubt, if that has changed: programs that connect to it are told
 * before its health changes, or instead of that.
 */
void monitor_publish_doubt(const struct monitor *monitor, struct target *target);

#endif
