#include "api/http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shunt/version.h"

#define SIZE_DIGITS 15u /* hexadecimal digits of a chunk's size: up to 2^60 bytes */

/* --- requests --------------------------------------------------------------------------------- */

char *http_request(const char *path, const char *body)
{
	char fields[80] = "", *text;

	if (body)
		snprintf(fields, sizeof(fields),
		         "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
	if (asprintf(&text,
	             "%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: shunt/" SHUNT_VERSION
	             "\r\nConnection: close\r\n%s\r\n%s",
	             body ? "POST" : "GET", path, fields, body ? body : "") < 0)
		return NULL;
	return text;
}

/* RFC 3986, 2.3 */
static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

char *http_escape(const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *escaped = malloc(strlen(text) * 3 + 1), *at = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		if (is_unreserved(*text)) {
			*at++ = *text;
			continue;
		}
		*at++ = '%';
		*at++ = digits[(unsigned char)*text >> 4];
		*at++ = digits[(unsigned char)*text & 15];
	}
	*at = '\0';
	return escaped;
}

/* --- lines ------------------------------------------------------------------------------------ */

/*
 * Collects a line, which ends with CR LF, in `reader->line`, without them and NUL-terminated.
 * HTTP_MORE with `*whole` false: the line is incomplete.
 */
static enum http_state take_line(struct http_reader *reader, const char **data, const char *end,
                                 bool *whole)
{
	*whole = false;
	while (*data < end && !*whole) {
		char c = *(*data)++;

		if (c == '\n' && reader->length > 0 && reader->line[reader->length - 1] == '\r') {
			reader->line[--reader->length] = '\0';
			*whole = true;
		} else if (c == '\n' || c == '\0' || reader->length == HTTP_LINE_MAX - 1) {
			return HTTP_BAD;
		} else {
			reader->line[reader->length++] = c;
		}
	}
	return *whole && strchr(reader->line, '\r') ? HTTP_BAD : HTTP_MORE;
}

/* Starts the next line. */
static void line_done(struct http_reader *reader)
{
	reader->length = 0;
}

/* Whether the text consists of digits of that base only. */
static bool read_number(const char *text, int base, size_t digits_max, uint64_t *number)
{
	const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
	size_t length = strspn(text, digits);

	if (length == 0 || length > digits_max || text[length])
		return false;
	*number = strtoull(text, NULL, base);
	return true;
}

/* --- the body --------------------------------------------------------------------------------- */

static enum http_state read_chunk_size(struct http_reader *reader, const char **data,
                                       const char *end);

/* At most `reader->left` bytes. */
static enum http_state pass_on(struct http_reader *reader, const char **data, const char *end)
{
	size_t size = (size_t)(end - *data);

	if (size > reader->left)
		size = (size_t)reader->left;
	if (size > 0 && !reader->body(reader->arg, *data, size))
		return HTTP_FULL;
	*data += size;
	reader->left -= size;
	return HTTP_MORE;
}

static enum http_state read_sized(struct http_reader *reader, const char **data, const char *end)
{
	enum http_state state = pass_on(reader, data, end);

	return state == HTTP_MORE && reader->left == 0 ? HTTP_DONE : state;
}

/* Until the connection is closed. */
static enum http_state read_rest(struct http_reader *reader, const char **data, const char *end)
{
	reader->left = UINT64_MAX;
	return pass_on(reader, data, end);
}

/* The fields after the last chunk are ignored. */
static enum http_state read_trailer(struct http_reader *reader, const char **data, const char *end)
{
	bool whole;
	enum http_state state = take_line(reader, data, end, &whole);

	if (state != HTTP_MORE || !whole)
		return state;
	if (reader->length == 0)
		return HTTP_DONE;
	line_done(reader);
	return ++reader->lines > HTTP_LINES_MAX ? HTTP_BAD : HTTP_MORE;
}

static enum http_state read_chunk_end(struct http_reader *reader, const char **data,
                                      const char *end)
{
	bool whole;
	enum http_state state = take_line(reader, data, end, &whole);

	if (state != HTTP_MORE || !whole)
		return state;
	if (reader->length > 0)
		return HTTP_BAD;
	reader->state = read_chunk_size;
	return HTTP_MORE;
}

static enum http_state read_chunk(struct http_reader *reader, const char **data, const char *end)
{
	enum http_state state = pass_on(reader, data, end);

	if (state == HTTP_MORE && reader->left == 0)
		reader->state = read_chunk_end;
	return state;
}

static enum http_state read_chunk_size(struct http_reader *reader, const char **data,
                                       const char *end)
{
	bool whole;
	enum http_state state = take_line(reader, data, end, &whole);

	if (state != HTTP_MORE || !whole)
		return state;
	if (!read_number(reader->line, 16, SIZE_DIGITS, &reader->left))
		return HTTP_BAD;
	line_done(reader);
	reader->lines = 0;
	reader->state = reader->left ? read_chunk : read_trailer;
	return HTTP_MORE;
}

/* --- the head --------------------------------------------------------------------------------- */

static bool take_length(struct http_reader *reader, const char *value)
{
	bool again = reader->sized;

	reader->sized = true;
	return !again && read_number(value, 10, SIZE_DIGITS, &reader->left);
}

static bool take_encoding(struct http_reader *reader, const char *value)
{
	bool again = reader->chunked;

	reader->chunked = true;
	return !again && strcasecmp(value, "chunked") == 0;
}

/* Only two of the fields matter. Returns false if this is not a field, or has an invalid value. */
static bool take_field(struct http_reader *reader, char *line)
{
	static const struct {
		const char *name;
		bool (*take)(struct http_reader *reader, const char *value);
	} fields[] = { { "Content-Length", take_length }, { "Transfer-Encoding", take_encoding } };
	char *value = strchr(line, ':');
	size_t length;

	if (!value || value == line || line[strcspn(line, " \t:")] != ':')
		return false;
	*value++ = '\0';
	value += strspn(value, " \t");
	for (length = strlen(value); length > 0 && strchr(" \t", value[length - 1]); length--)
		value[length - 1] = '\0';
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcasecmp(fields[i].name, line) == 0)
			return fields[i].take(reader, value);
	return true;
}

/* The header is complete. A message with two different lengths is rejected (RFC 9112, 6.3). */
static enum http_state begin_body(struct http_reader *reader)
{
	if (reader->sized && reader->chunked)
		return HTTP_BAD;
	line_done(reader);
	if (reader->chunked)
		reader->state = read_chunk_size;
	else
		reader->state = reader->sized ? read_sized : read_rest;
	return reader->sized && reader->left == 0 ? HTTP_DONE : HTTP_MORE;
}

static enum http_state read_field(struct http_reader *reader, const char **data, const char *end)
{
	bool whole;
	enum http_state state = take_line(reader, data, end, &whole);

	if (state != HTTP_MORE || !whole)
		return state;
	if (reader->length == 0)
		return begin_body(reader);
	if (++reader->lines > HTTP_LINES_MAX || !take_field(reader, reader->line))
		return HTTP_BAD;
	line_done(reader);
	return HTTP_MORE;
}

/* "HTTP/1.1 200 OK"; the daemon sends no 1xx responses. */
static enum http_state read_status(struct http_reader *reader, const char **data, const char *end)
{
	const char *line = reader->line;
	bool whole;
	enum http_state state = take_line(reader, data, end, &whole);

	if (state != HTTP_MORE || !whole)
		return state;
	if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') ||
	    line[8] != ' ' || line[9] < '2' || line[9] > '5' || !isdigit((unsigned char)line[10]) ||
	    !isdigit((unsigned char)line[11]) || (line[12] && line[12] != ' '))
		return HTTP_BAD;
	reader->status = atoi(line + 9);
	line_done(reader);
	reader->state = read_field;
	return HTTP_MORE;
}

/* --- for callers ------------------------------------------------------------------------------ */

void http_reader_init(struct http_reader *reader,
                      bool (*body)(void *arg, const char *data, size_t size), void *arg)
{
	reader->body = body;
	reader->arg = arg;
	reader->status = 0;
	reader->state = read_status;
	reader->over = HTTP_MORE;
	reader->chunked = reader->sized = false;
	reader->left = 0;
	reader->lines = 0;
	reader->length = 0;
}

enum http_state http_read(struct http_reader *reader, const char *data, size_t size)
{
	const char *end = data + size;

	while (data < end && reader->over == HTTP_MORE)
		reader->over = reader->state(reader, &data, end);
	return reader->over;
}

enum http_state http_end(struct http_reader *reader)
{
	if (reader->over == HTTP_MORE)
		reader->over = reader->state == read_rest ? HTTP_DONE : HTTP_CUT;
	return reader->over;
}
