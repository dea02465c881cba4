/* The tables of `shunt status --fleet`, from the daemon's answer to GET /v1/fleet. Pure. */
#ifndef SHUNT_CLI_SHOW_FLEET_TABLE_H
#define SHUNT_CLI_SHOW_FLEET_TABLE_H

#include <jansson.h>
#include <stdio.h>

#include "show/status_table.h"

/*
 * The exit status: CLI_DONE, the hosts agree; CLI_ELSEWHERE, a host answers otherwise than the others;
 * CLI_UNHEALTHY, this host has lost the fleet; CLI_REFUSED, there is none.
 */
int fleet_table_verdict(const json_t *fleet);

/*
 * Records with the votes about their endpoints, and hosts with what each disagrees about. There is a
 * fleet.
 */
void fleet_table_print(const json_t *fleet, const struct status_table_style *style, FILE *out);

#endif
