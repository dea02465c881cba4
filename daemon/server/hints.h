/*
 * What is no mistake in a configuration, but will not do what it says: known traps, and what this
 * host or this process lacks for it.
 */
#ifndef SHUNT_SERVER_HINTS_H
#define SHUNT_SERVER_HINTS_H

#include <stdio.h>

#include "config/config.h"

/* Prints a line for each hint. */
void hints_print(const struct config *config, FILE *out);

/* Prints a line on what this host will be in its fleet, if there is one. */
void hints_print_fleet(const struct config *config, FILE *out);

#endif
