#include "probe/plain/http_request.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shunt/version.h"

struct out {
	char *text;
	size_t size;
	bool is_full;
};

static void put(struct out *out, const char *text)
{
	size_t length = strlen(text);

	if (length > HTTP_REQUEST_MAX - out->size) {
		out->is_full = true;
		return;
	}
	memcpy(out->text + out->size, text, length);
	out->size += length;
}

/*
 * libcurl parses the URL: it writes a host that it takes for a number in its own form, and drops an
 * empty query.
 */
static bool is_kept_as_written(const char *host, const char *path)
{
	const char *dot = strrchr(host, '.');
	const char *last = dot ? dot + 1 : host;

	return !strchr(host, ':') && *last && (*last < '0' || *last > '9') &&
	       path[strlen(path) - 1] != '?';
}

/* Headers that libcurl sends itself, or interprets; a check's own would replace them. */
static bool is_plain_header(const char *header)
{
	static const char *const others[] = {
		"Accept", "Accept-Encoding", "Authorization", "Content-Type", "Cookie", "Host",
		"Proxy-", "Range",           "Referer",       "User-Agent",   NULL
	};
	size_t length = strcspn(header, ":;");

	if (header[length] != ':' || !header[length + 1 + strspn(header + length + 1, " \t")])
		return false;
	for (const char *const *other = others; *other; other++) {
		size_t size = strlen(*other);
		bool is_prefix = (*other)[size - 1] == '-';

		if (strncasecmp(header, *other, size) == 0 && (is_prefix || size == length))
			return false;
	}
	return true;
}

static bool is_usual(const struct check *check, const char *host)
{
	bool wants_body = check->expect_body && check->expect_body[0];

	if (check->credentials || !is_kept_as_written(host, check->path))
		return false;
	if (strcmp(check->method, "GET") != 0 && (strcmp(check->method, "HEAD") != 0 || wants_body))
		return false;
	for (size_t i = 0; i < check->header_count; i++) {
		if (!is_plain_header(check->headers[i]))
			return false;
	}
	return true;
}

static void put_start(struct out *out, const struct check *check, const char *host)
{
	char port[8] = "";

	if (check->port != 80)
		snprintf(port, sizeof(port), ":%u", check->port);
	put(out, check->method);
	put(out, " ");
	put(out, check->path);
	put(out, " HTTP/1.1\r\nHost: ");
	put(out, host);
	put(out, port);
	put(out, "\r\nUser-Agent: " HTTP_REQUEST_AGENT "\r\nAccept: */*\r\n");
}

size_t http_request_write(const struct check *check, const char *host, char *text)
{
	struct out out = { .text = text };

	if (!is_usual(check, host))
		return 0;
	put_start(&out, check, host);
	if (check->expect_body && check->expect_body[0])
		put(&out, "Accept-Encoding: gzip, deflate\r\n");
	for (size_t i = 0; i < check->header_count; i++) {
		put(&out, check->headers[i]);
		put(&out, "\r\n");
	}
	put(&out, "Connection: close\r\n\r\n");
	return out.is_full ? 0 : out.size;
}
