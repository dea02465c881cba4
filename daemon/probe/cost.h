/*
 * The cost of an attempt for this host. Each cost has its own list of waiting probes, so that
 * expensive ones do not delay the others.
 */
#ifndef SHUNT_PROBE_COST_H
#define SHUNT_PROBE_COST_H

enum probe_cost {
	PROBE_CHEAP,
	PROBE_HANDSHAKE, /* of TLS: the rate of such starts is limited */
	PROBE_PROGRAM,   /* rate-limited too, and at most PROBE_PROGRAMS_MAX run at the same time */
	PROBE_COSTS
};

#define PROBE_PROGRAMS_MAX 128u /* and at most half of all attempts */

#endif
