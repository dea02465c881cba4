/*
 * Requests that several commands send to the daemon. `control` is the value of --control, or NULL.
 */
#ifndef SHUNT_CLI_API_ASK_H
#define SHUNT_CLI_API_ASK_H

#include <jansson.h>
#include <stdbool.h>

#include "api/listing.h"
#include "api/trouble.h"

/*
 * POST to /v1/records/NAME followed by `behind`; prints errors. CLI_DONE: the caller releases the
 * response.
 */
int ask_post(const char *control, const char *name, const char *behind, const json_t *body,
             json_t **answer);

/*
 * The same with a body of the user's words, which is released. NULL is what jansson makes of words that
 * are not UTF-8: CLI_USAGE, and `words` says which must be.
 */
int ask_order(const char *control, const char *name, const char *behind, json_t *body,
              const char *words, json_t **answer);

/* GET /v1/records/NAME. As above. */
int ask_record(const char *control, const char *name, json_t **answer);

/* GET /v1/resets: what was reset last. As above. */
int ask_resets(const char *control, json_t **answer);

/* GET /v1/fleet: of that record, or of all if the name is NULL. As above. */
int ask_fleet(const char *control, const char *name, json_t **answer);

/* The status of that record, or of all if the name is NULL. As above. */
int ask_status(const char *control, const char *name, json_t **status);

/* The same as text written by the daemon, zero-terminated; the caller frees it. Prints errors. */
int ask_status_text(const char *control, const char *name, char **text);

/*
 * The status without its records. Returns CLI_DONE and the status, which the caller releases;
 * otherwise the exit status and a one-line `error`.
 */
int ask_head(const char *control, json_t **status, char error[TROUBLE_MAX]);

/*
 * Whether the daemon reports that it does not manage the name; false if the daemon cannot be
 * reached.
 */
bool ask_is_foreign(const char *control, const char *name);

/*
 * The status for the table, of that record or (NULL) of all. Returns CLI_DONE and a listing that
 * the caller frees; otherwise the exit status and a one-line `error`.
 */
int ask_listing(const char *control, const char *name, struct listing *listing,
                char error[TROUBLE_MAX]);

#endif
