/*
 * What an attempt costs this host. Each cost has a list of waiting probes of its own, so that one
 * holds up no other.
 */
#ifndef SHUNT_PROBE_COST_H
#define SHUNT_PROBE_COST_H

enum probe_cost {
	PROBE_CHEAP,
	PROBE_HANDSHAKE, /* of TLS: such starts are metered */
	PROBE_PROGRAM,   /* metered too, and at most PROBE_PROGRAMS_MAX run at one time */
	PROBE_COSTS
};

#define PROBE_PROGRAMS_MAX 128u /* and half of all attempts */

#endif
