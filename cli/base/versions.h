/* The versions of this program and of the libraries that it has loaded. */
#ifndef SHUNT_CLI_BASE_VERSIONS_H
#define SHUNT_CLI_BASE_VERSIONS_H

#include <stdio.h>

/* One line for each: "shunt 1.0.0", "jansson 2.14". */
void versions_print(FILE *out);

#endif
