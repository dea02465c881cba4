/* Changes that no event reported, found by comparing two snapshots. Pure. */
#ifndef SHUNT_CLI_API_CHANGES_H
#define SHUNT_CLI_API_CHANGES_H

#include <jansson.h>

/* From a status: an object that has for each record's name what answers, an endpoint's id, "dns" or "fail". The caller releases. */
json_t *changes_answers(const json_t *status);

/* Updates the answer of the event's record. */
void changes_note(json_t *answers, const json_t *event);

/*
 * The events that make `status` out of `answers`: an array of objects in the schema of /v1/events, without a number; their time is that of
 * the record's last change. Names that only one of them has are left out: a reload tells of these. The caller releases.
 */
json_t *changes_between(const json_t *answers, const json_t *status);

#endif
