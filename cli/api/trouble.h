/* Why the daemon could not be reached, or refused: one line for the user, made printable. */
#ifndef SHUNT_CLI_API_TROUBLE_H
#define SHUNT_CLI_API_TROUBLE_H

#include <jansson.h>

#include "api/http.h"

/* the message may contain the path of a configuration and an error in it */
#define TROUBLE_MAX 1600

/* "cannot reach the daemon at …: WHY". Returns CLI_UNREACHABLE. */
int trouble_unreachable(const char *control, const char *why, char error[TROUBLE_MAX]);

/* The response is not the daemon's. Returns CLI_UNREACHABLE. */
int trouble_stranger(const char *control, char error[TROUBLE_MAX]);

/*
 * A response other than success: the daemon's own message, if it is the daemon. Returns the
 * matching exit status.
 */
int trouble_refused(int status, const json_t *answer, const char *control, char error[TROUBLE_MAX]);

/* connect(2), or a call before it, failed with that errno. Returns CLI_UNREACHABLE. */
int trouble_connect(int error_number, const char *control, char error[TROUBLE_MAX]);

/* The response did not arrive in time. Returns CLI_UNREACHABLE. */
int trouble_late(const char *control, char error[TROUBLE_MAX]);

/*
 * Parsing ended in that state, which is neither HTTP_MORE nor HTTP_DONE. Returns CLI_UNREACHABLE.
 */
int trouble_answer(enum http_state state, const char *control, char error[TROUBLE_MAX]);

#endif
