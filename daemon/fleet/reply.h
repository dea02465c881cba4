/*
 * What etcd's gateway answers: JSON, with 64-bit numbers as strings, and without what is 0 or false.
 * Nothing of it is trusted.
 */
#ifndef SHUNT_FLEET_REPLY_H
#define SHUNT_FLEET_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL if it is no JSON object. */
json_t *reply_parse(const char *text, size_t length);

/* 0 if there is none of that name, or it is no number. `object` may be NULL. */
uint64_t reply_number(const json_t *object, const char *name);
bool reply_true(const json_t *object, const char *name);

/* From the header of an answer. */
uint64_t reply_revision(const json_t *answer);
uint64_t reply_cluster(const json_t *answer);

/* The first message of a stream, as an answer; NULL if there is none. `answer` may be NULL. */
const json_t *reply_result(const json_t *answer);

/* What went wrong, if the answer says so: in a unary call's, or in a line of a stream; else NULL. */
const char *reply_error(const json_t *answer);

/* A key. */
struct reply_key {
	char *key, *value; /* with a zero behind them; value is "" if it is deleted */
	size_t length;     /* of the value */
	uint64_t revision; /* of its last change */
	uint64_t lease;    /* 0: none */
	bool deleted;
};

/*
 * Calls `found` for each key of an answer to ASK_RANGE_PATH, or for each change in the result of
 * ASK_WATCH_PATH. Keys that are malformed are skipped; returns their number.
 */
size_t reply_keys(const json_t *answer, void (*found)(void *arg, const struct reply_key *key),
                  void *arg);
size_t reply_changes(const json_t *result, void (*found)(void *arg, const struct reply_key *key),
                     void *arg);

#endif
