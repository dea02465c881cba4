/* What the daemon tells of its names, chosen, judged and laid out. Pure but for the command itself, which is in cli.h. */
#ifndef SHUNT_STATUS_H
#define SHUNT_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

/* The record of that name or alias, in any case and with or without a final dot; NULL. Stays `status`'s. */
json_t *status_find(const json_t *status, const char *name);

/* `status` with this one record and everything else as it is. The caller releases. */
json_t *status_only(const json_t *status, json_t *record);

/* CLI_DONE, CLI_ELSEWHERE or CLI_UNHEALTHY: of one record, and the worst of all. */
int status_record_verdict(const json_t *record);
int status_verdict(const json_t *status);

struct status_style {
	size_t width; /* columns */
	bool colours;
	time_t now;
};

void status_print(const json_t *status, const struct status_style *style, FILE *out);

#endif
