/*
 * Operators' orders for the fleet: checks an order, chooses the hosts that it is for, and has the fleet
 * publish it. Called by control with the record's index in the configuration.
 */
#ifndef SHUNT_MONITOR_OPERATE_FLEET_H
#define SHUNT_MONITOR_OPERATE_FLEET_H

#include <stddef.h>

#include "fleet/fleet.h"
#include "monitor/operate.h"

enum operate_fleet_result {
	OPERATE_FLEET_SENT,
	OPERATE_FLEET_NONE,        /* this host or the record is in no fleet */
	OPERATE_FLEET_NO_ENDPOINT, /* the record has no such endpoint */
	OPERATE_FLEET_DOWN,        /* the endpoint is down for the fleet */
	OPERATE_FLEET_BAD_HOSTS,   /* no share, and no names of live hosts */
	OPERATE_FLEET_UNSENT       /* the fleet cannot send it now */
};

/*
 * `hosts`: "10%", a share of the live hosts that have the record; "db-1,db-4", these; NULL, all hosts.
 * `done(arg)` is called later if the result is OPERATE_FLEET_SENT, and `given` is the order as it will
 * be: its list of hosts is to be freed by the caller, its texts are valid until the next iteration of the
 * loop. Otherwise nothing was changed, and `error` is one line.
 */
enum operate_fleet_result operate_fleet_force(struct monitor *monitor, size_t index,
                                              const struct operate_order *order, const char *hosts,
                                              fleet_done *done, void *arg,
                                              struct fleet_order *given,
                                              char error[OPERATE_ERROR_MAX]);

/* Ends an order for the fleet. As above; OPERATE_FLEET_SENT also if there is none. */
enum operate_fleet_result operate_fleet_auto(struct monitor *monitor, size_t index, const char *by,
                                             fleet_done *done, void *arg,
                                             char error[OPERATE_ERROR_MAX]);

/* `done` is not called any more for this `arg`. */
void operate_fleet_forget(struct monitor *monitor, const void *arg);

#endif
