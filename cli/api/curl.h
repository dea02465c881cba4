/* What every request to the daemon shares, whether it has an end (api) or not (stream): a handle's options, and what went wrong. */
#ifndef SHUNT_CLI_API_CURL_H
#define SHUNT_CLI_API_CURL_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>

#include "api/api.h"

/* For GET; `path` begins with '/'. False: no memory. */
bool api_curl_set(CURL *curl, const char *control, const char *path);

/* The socket's queue is full: it is worth another try. */
bool api_curl_is_full(CURL *curl, CURLcode code);

/* The connection was closed in the middle. */
bool api_curl_is_cut(CURLcode code);

/* Whether a socket's address has room for the path. If not, `error` is filled. */
bool api_curl_fits(const char *control, char error[API_ERROR_MAX]);

#define API_CURL_STRANGER "what answers there is not shuntd"

/* One line in `error` each. The first returns CLI_UNREACHABLE, the others what fits. */
int api_curl_unreachable(const char *control, const char *why, char error[API_ERROR_MAX]);
int api_curl_trouble(CURL *curl, CURLcode code, const char *control, char error[API_ERROR_MAX]);
/* An answer that is no success: the daemon's own words, if it is the daemon. */
int api_curl_refused(long status, const json_t *answer, const char *control,
                     char error[API_ERROR_MAX]);

#endif
