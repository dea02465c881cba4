/* A record as the daemon tells it, and what the commands that work on one have in common. */
#ifndef SHUNT_CLI_API_RECORD_H
#define SHUNT_CLI_API_RECORD_H

#include <jansson.h>
#include <stdbool.h>

struct cli_context;
struct command;
struct operands;

/* POST to /v1/records/NAME and `behind`; an error is said. CLI_DONE with the answer, which the caller releases. */
int record_post(const char *control, const char *name, const char *behind, const json_t *body,
                json_t **answer);

/* The same with GET. */
int record_get(const char *control, const char *name, json_t **answer);

/* The status, of that name alone or (NULL) of all. As above. */
int record_status(const char *control, const char *name, json_t **status);

/* In a status the record of that name or alias, in any case and with or without a final dot; NULL. Stays `status`'s. */
json_t *record_find(const json_t *status, const char *name);

/* A member that is a text; "" for any other. */
const char *record_field(const json_t *object, const char *key);

/* Whether the operands are one name, or none where it is not needed. If not, the mistake is said: CLI_USAGE. */
bool record_operand(const struct command *command, const struct operands *operands, bool needed);

/* A command that takes one name: its options and operand are read, then `run` is called, whose exit status is returned. */
int record_run(const struct command *command, const struct cli_context *context, int argc,
               char **argv, int (*run)(const char *control, const char *name));

#endif
