/*
 * expect_status, pass_status and none_status: 200, "200-399", "200,204,300-302", or a list of
 * these.
 */
#ifndef SHUNT_CONFIG_READ_STATUS_H
#define SHUNT_CONFIG_READ_STATUS_H

#include "config/value.h"

/*
 * The result is sorted and joined, so that equivalent settings are equal. It is empty if the option
 * is absent and has no default.
 */
bool config_status_read(const struct config_group *group, enum option option,
                        struct status_list *list);

/* pass_status and none_status. */
bool config_status_of_program(const struct config_group *group, struct check *check);

#endif
