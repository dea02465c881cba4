/* The questions that several commands ask the daemon. `control` is --control; NULL: it was not given. */
#ifndef SHUNT_CLI_API_ASK_H
#define SHUNT_CLI_API_ASK_H

#include <jansson.h>
#include <stdbool.h>

#include "api/listing.h"
#include "api/trouble.h"

/* POST to /v1/records/NAME and `behind`; an error is printed. CLI_DONE with the answer, which the caller releases. */
int ask_post(const char *control, const char *name, const char *behind, const json_t *body,
             json_t **answer);

/* GET /v1/records/NAME. As above. */
int ask_record(const char *control, const char *name, json_t **answer);

/* The status, of that name alone or (NULL) of all. As above. */
int ask_status(const char *control, const char *name, json_t **status);

/* The same as the text that the daemon has written, which ends with a zero and which the caller frees. An error is printed. */
int ask_status_text(const char *control, const char *name, char **text);

/* The status without its records. CLI_DONE with it, which the caller releases; else the exit status, and one line in `error`. */
int ask_head(const char *control, json_t **status, char error[TROUBLE_MAX]);

/* Whether the daemon says that it does not manage the name; false where it cannot be asked. */
bool ask_is_foreign(const char *control, const char *name);

/*
 * The status for the table, of that name alone or (NULL) of all. CLI_DONE with a listing that the caller frees; else the exit status,
 * and one line in `error`.
 */
int ask_listing(const char *control, const char *name, struct listing *listing,
                char error[TROUBLE_MAX]);

#endif
