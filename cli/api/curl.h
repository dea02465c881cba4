/* What every request to the daemon shares, whether it has an end (api) or not (stream): a handle's options, and what went wrong. */
#ifndef SHUNT_CLI_API_CURL_H
#define SHUNT_CLI_API_CURL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "api/trouble.h"

/* For GET; `path` begins with '/'. False: no memory. */
bool api_curl_set(CURL *curl, const char *control, const char *path);

/* The socket's queue is full: it is worth another try. */
bool api_curl_is_full(CURL *curl, CURLcode code);

/* The connection was closed in the middle. */
bool api_curl_is_cut(CURLcode code);

/* One line in `error`. Returns the exit status that fits. */
int api_curl_trouble(CURL *curl, CURLcode code, const char *control, char error[TROUBLE_MAX]);

#endif
