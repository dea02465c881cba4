/* What the control API changes: the functions of the routes that write. */
#ifndef SHUNT_CONTROL_CHANGE_H
#define SHUNT_CONTROL_CHANGE_H

#include <microhttpd.h>

struct request;

enum MHD_Result change_reload(struct request *request);

#endif
