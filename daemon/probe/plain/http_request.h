/*
 * The request of a plain http check, as libcurl would send it. Pure.
 *
 * It composes what most checks ask for; what it leaves to libcurl is listed in http_request.c.
 */
#ifndef SHUNT_PROBE_PLAIN_HTTP_REQUEST_H
#define SHUNT_PROBE_PLAIN_HTTP_REQUEST_H

#include <stddef.h>

#include "config/config.h"

#define HTTP_REQUEST_MAX 4096u
#define HTTP_REQUEST_AGENT "shunt/" SHUNT_VERSION

/*
 * Writes the request for a check of type http, to `host` (a name or an IP literal, without a port),
 * into HTTP_REQUEST_MAX bytes. Returns its length; 0 if libcurl has to send it.
 */
size_t http_request_write(const struct check *check, const char *host, char *text);

#endif
