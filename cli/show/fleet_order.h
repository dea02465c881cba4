/* An order for the fleet: sent to the daemon, and watched until the hosts that it is for follow it. */
#ifndef SHUNT_CLI_SHOW_FLEET_ORDER_H
#define SHUNT_CLI_SHOW_FLEET_ORDER_H

#include <jansson.h>
#include <stdbool.h>

/*
 * As ask_order(), with `behind` "/force" or "/auto" and a body that has "fleet". Waits a moment for the
 * hosts; prints what came of it and who does not follow yet. Returns the exit status: CLI_UNREACHABLE if
 * a host does not.
 */
int fleet_order_send(const char *control, const char *name, const char *behind, json_t *body,
                     const char *words);

/*
 * Whether the view of the fleet, of GET /v1/fleet?record=NAME, has that order (null: none), and every host
 * that it is for follows. `order`: of the answer to the request. Pure.
 */
bool fleet_order_is_followed(const json_t *fleet, const json_t *order);

#endif
