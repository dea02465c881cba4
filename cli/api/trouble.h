/* Why the daemon could not be asked, or said no: one line for the user, made printable. */
#ifndef SHUNT_CLI_API_TROUBLE_H
#define SHUNT_CLI_API_TROUBLE_H

#include <jansson.h>

#include "api/http.h"

#define TROUBLE_MAX 1600 /* a configuration may be named in it, and its mistake */

/* "cannot reach the daemon at …: WHY". Returns CLI_UNREACHABLE. */
int trouble_unreachable(const char *control, const char *why, char error[TROUBLE_MAX]);

/* What answers is not the daemon. Returns CLI_UNREACHABLE. */
int trouble_stranger(const char *control, char error[TROUBLE_MAX]);

/* An answer that is no success: the daemon's own words, if it is the daemon. Returns the exit status that fits. */
int trouble_refused(int status, const json_t *answer, const char *control, char error[TROUBLE_MAX]);

/* connect(2) or what comes before it has failed with that errno. Returns CLI_UNREACHABLE. */
int trouble_connect(int error_number, const char *control, char error[TROUBLE_MAX]);

/* The answer did not come in time. Returns CLI_UNREACHABLE. */
int trouble_late(const char *control, char error[TROUBLE_MAX]);

/* The answer ended in that state, which is neither HTTP_MORE nor HTTP_DONE. Returns CLI_UNREACHABLE. */
int trouble_answer(enum http_state state, const char *control, char error[TROUBLE_MAX]);

#endif
