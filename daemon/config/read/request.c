#include "config/read/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "config/file.h"
#include "config/read/status.h"

#define CREDENTIALS_FILE_MAX 4096u

static const char *const method_words[] = { "GET", "HEAD", "OPTIONS", "POST", "PUT", NULL };

/* --- the request ----------------------------------------------------------------------------- */

static bool read_path(const struct config_group *group, struct check *check)
{
	const struct tree *value = group->values[OPT_CHECK_PATH];

	if (!config_value_string(group, OPT_CHECK_PATH, &check->path))
		return false;
	if (*check->path != '/')
		return config_fail(
		        group->reader, value,
		        "\"%.64s\" does not begin with \"/\"; write it as in \"/health\"",
		        check->path);
	for (const char *p = check->path; *p; p++) {
		if (*p <= ' ' || *p > '~' || *p == '#')
			return config_fail(
			        group->reader, value,
			        "has a character that no request line takes; write it as %%XX, "
			        "a space as %%20");
	}
	return true;
}

/* The length of a header's name: a token (RFC 9110 5.6.2). */
static size_t name_length(const char *text)
{
	static const char good[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
	                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return strspn(text, good);
}

static bool is_named(const char *header, const char *name)
{
	size_t length = name_length(header);

	return length == strlen(name) && strncasecmp(header, name, length) == 0;
}

/* Headers that would change the exchange to one other than the check performs. */
static const char *reserved_fault(const char *header)
{
	static const char *const reserved[] = { "Connection", "Content-Length",    "Expect", "TE",
		                                "Trailer",    "Transfer-Encoding", "Upgrade" };

	if (is_named(header, "Host"))
		return "is always sent; set its value with host = \"...\"";
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (is_named(header, reserved[i]))
			return "is not for a check to choose; remove it";
	}
	return NULL;
}

static bool has_control(const char *text)
{
	while (*text && *text != 0x7f && ((unsigned char)*text >= ' ' || *text == '\t'))
		text++;
	return *text != '\0';
}

/* Returns the problem and the cure; NULL if the header is valid. */
static const char *header_fault(const char *header)
{
	size_t length = name_length(header);
	const char *value = header + length + 1;

	if (has_control(header))
		return "has a control character; remove it";
	if (length == 0 || header[length] != ':')
		return "is no header; write it as in \"Name: value\"";
	if (!value[strspn(value, " \t")])
		return "has no value; write it as in \"Name: value\"";
	return reserved_fault(header);
}

static bool read_headers(const struct config_group *group, struct check *check)
{
	const struct config_reader *reader = group->reader;
	const char **headers;

	if (!config_value_list(group, OPT_CHECK_HEADERS, &check->header_count))
		return false;
	headers = arena_alloc(reader->arena, check->header_count, sizeof(*headers));
	check->headers = headers;
	for (size_t i = 0; i < check->header_count; i++) {
		const struct tree *value = group->values[OPT_CHECK_HEADERS]->elements[i];
		const char *text = config_value_text(reader, value), *fault;

		if (!text)
			return false;
		fault = strlen(text) > 1023 ? "is too long; write at most 1023 characters"
		                            : header_fault(text);
		if (fault)
			return config_fail(reader, value, "%s", fault);
		headers[i] = arena_copy(reader->arena, text, strlen(text));
	}
	return true;
}

/* Uses the first line of the file. */
static bool take_credentials(const struct config_group *group, struct check *check,
                             const char *path, const char *text)
{
	size_t length = strcspn(text, "\r\n");
	char *line = arena_copy(group->reader->arena, text, length);

	check->credentials = line;
	if (*line != ':' && strchr(line, ':') && !has_control(line))
		return true;
	return config_fail(group->reader, group->values[OPT_CHECK_CREDENTIALS_FILE],
	                   "cannot use %s: its first line is no user and password; write "
	                   "user:password",
	                   path);
}

static bool has_header(const struct check *check, const char *name)
{
	for (size_t i = 0; i < check->header_count; i++) {
		if (is_named(check->headers[i], name))
			return true;
	}
	return false;
}

static bool read_credentials(const struct config_group *group, struct check *check)
{
	const struct tree *value = group->values[OPT_CHECK_CREDENTIALS_FILE];
	const char *path, *why;
	size_t length;
	char *text;
	bool good;

	if (!config_value_path(group, OPT_CHECK_CREDENTIALS_FILE, &path))
		return false;
	if (!path)
		return true;
	if (has_header(check, "Authorization"))
		return config_fail(group->reader, value,
		                   "stands beside an Authorization header; remove one of the two");
	text = config_file_read_secret(path, CREDENTIALS_FILE_MAX, &length, &why);
	if (!text)
		return config_fail(group->reader, value,
		                   "cannot use %s: %s; name a file with user:password", path, why);
	good = take_credentials(group, check, path, text);
	explicit_bzero(text, length);
	free(text);
	return good;
}

/* --- the expected answer --------------------------------------------------------------------- */

static bool read_expect_header(const struct config_group *group, struct check *check)
{
	const char *text;
	size_t length;

	if (!config_value_string(group, OPT_CHECK_EXPECT_HEADER, &check->expect_header))
		return false;
	text = check->expect_header;
	if (!text)
		return true;
	length = name_length(text);
	if (length && (!text[length] || text[length] == ':') && !has_control(text))
		return true;
	return config_fail(group->reader, group->values[OPT_CHECK_EXPECT_HEADER],
	                   "names no header; write \"Name\" or \"Name: text\"");
}

static bool read_expect_body(const struct config_group *group, struct check *check)
{
	const struct tree *value = group->values[OPT_CHECK_EXPECT_BODY];

	if (!config_value_string(group, OPT_CHECK_EXPECT_BODY, &check->expect_body) ||
	    !config_value_integer(group, OPT_CHECK_BODY_LIMIT, &check->body_limit))
		return false;
	if (check->expect_body && strcmp(check->method, "HEAD") == 0)
		return config_fail(group->reader, value,
		                   "cannot be found, since HEAD is answered without a body; write "
		                   "method = \"GET\"");
	if (check->expect_body && strlen(check->expect_body) > check->body_limit)
		return config_fail(group->reader, value,
		                   "is longer than body_limit (%u); make that larger",
		                   check->body_limit);
	return true;
}

static bool read_expect_status(const struct config_group *group, struct check *check)
{
	struct status_list list;

	if (!config_status_read(group, OPT_CHECK_EXPECT_STATUS, &list))
		return false;
	check->expect_status = list.ranges;
	check->expect_status_count = list.count;
	return true;
}

bool config_request_read(const struct config_group *group, struct check *check)
{
	int method;

	if (!read_path(group, check) ||
	    !config_value_host(group, OPT_CHECK_HOST, true, &check->host) ||
	    !config_value_word(group, OPT_CHECK_METHOD, method_words, &method))
		return false;
	check->method = method_words[method];
	return read_headers(group, check) && read_credentials(group, check) &&
	       read_expect_status(group, check) && read_expect_header(group, check) &&
	       read_expect_body(group, check);
}

bool config_request_is_secret(const struct check *check)
{
	return check->credentials || has_header(check, "Authorization") ||
	       has_header(check, "Cookie");
}
