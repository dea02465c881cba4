/* The libraries of this process and their versions: what is loaded, not what it was built with. */
#ifndef SHUNT_DAEMON_REPORT_LIBRARIES_H
#define SHUNT_DAEMON_REPORT_LIBRARIES_H

#include <stdio.h>

#include "base/json_out.h"

/* One line for each: "libcurl 7.88.1". */
void libraries_print(FILE *out);

/* The member "libraries", an object of names and versions. */
void libraries_put(struct json_out *out);

#endif
