/* The body of a request: a JSON object whose members a table names. */
#ifndef SHUNT_CONTROL_BODY_H
#define SHUNT_CONTROL_BODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct body_member {
	const char *name;
	const char **text; /* a string goes here; or */
	bool *flag;        /* a boolean */
	bool required;
};

#define BODY_ERROR_MAX 300

/*
 * `members` ends with a row without a name; what is not there keeps its value. No body at all is an object without members.
 * The texts are the object's, which the caller releases. NULL with `error` filled, one line.
 */
json_t *body_read(const char *text, size_t size, const struct body_member *members,
                  char error[BODY_ERROR_MAX]);

#endif
