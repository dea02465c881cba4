/* Changes that no event reported, found by comparing two snapshots. Pure. */
#ifndef SHUNT_CLI_API_CHANGES_H
#define SHUNT_CLI_API_CHANGES_H

#include <jansson.h>

/*
 * From a status: an object that maps each record's name to what answers, which is an endpoint's id,
 * "dns" or "fail". The caller releases it.
 */
json_t *changes_answers(const json_t *status);

/* Updates the answer of the record that the event is about. */
void changes_note(json_t *answers, const json_t *event);

/*
 * The events that turn `answers` into `status`: an array of objects in the schema of /v1/events,
 * without a number; their time is that of the record's last change. Names present in only one of
 * the two are left out, since the event of the reload reports them. The caller releases the array.
 */
json_t *changes_between(const json_t *answers, const json_t *status);

#endif
