/* The sections of a bug report, in their order. Called only by the command. */
#ifndef SHUNT_CLI_BUGREPORT_SECTIONS_H
#define SHUNT_CLI_BUGREPORT_SECTIONS_H

#include <stdio.h>

struct sections_source {
	const char *control; /* the daemon's control socket */
	const char *config;  /* path of the configuration */
};

/*
 * Writes all of them. What cannot be had is named, with the reason: a report without a daemon, or
 * by a user who may not read the configuration, is still one.
 */
void sections_print(const struct sections_source *source, FILE *out);

#endif
