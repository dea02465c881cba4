/* Parses the body of a request: a JSON object whose members are listed in a table. */
#ifndef SHUNT_CONTROL_BODY_H
#define SHUNT_CONTROL_BODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct body_member {
	const char *name;
	const char **text; /* where to store a string; or */
	bool *flag;        /* where to store a boolean */
	bool required;
};

#define BODY_ERROR_MAX 300

/*
 * `members` ends with a row without a name. Members that are absent keep their value; an empty body
 * counts as an empty object. The strings belong to the returned object, which the caller releases.
 * Returns NULL and a one-line `error` on failure.
 */
json_t *body_read(const char *text, size_t size, const struct body_member *members,
                  char error[BODY_ERROR_MAX]);

#endif
