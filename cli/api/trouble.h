/* Why the daemon could not be asked, or said no: one line for the user, made printable. */
#ifndef SHUNT_CLI_API_TROUBLE_H
#define SHUNT_CLI_API_TROUBLE_H

#include <jansson.h>
#include <stdbool.h>

#define TROUBLE_MAX 1600 /* a configuration may be named in it, and its mistake */

#define TROUBLE_STRANGER "what answers there is not shuntd"

/* "cannot reach the daemon at …: WHY". Returns CLI_UNREACHABLE. */
int trouble_unreachable(const char *control, const char *why, char error[TROUBLE_MAX]);

/* What answers is not the daemon. Returns CLI_UNREACHABLE. */
int trouble_stranger(const char *control, char error[TROUBLE_MAX]);

/* An answer that is no success: the daemon's own words, if it is the daemon. Returns the exit status that fits. */
int trouble_refused(long status, const json_t *answer, const char *control,
                    char error[TROUBLE_MAX]);

/* Whether a socket's address has room for the path. If not, `error` is filled. */
bool trouble_path_fits(const char *control, char error[TROUBLE_MAX]);

#endif
