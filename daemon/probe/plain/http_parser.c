#include "probe/plain/http_parser.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_SIZE HTTP_ANSWER_HEADERS_MAX
#define LENGTH_DIGITS_MAX 15u
#define CHUNK_DIGITS_MAX 8u

void http_parser_init(struct http_parser *parser, struct http_answer *answer,
                      const struct check *check)
{
	*parser = (struct http_parser){ .answer = answer, .check = check };
}

void http_parser_free(struct http_parser *parser)
{
	free(parser->line);
	parser->line = NULL;
	parser->line_size = 0;
}

static void end(struct http_parser *parser, CURLcode code)
{
	parser->reading = HTTP_READING_DONE;
	parser->code = code;
}

static void give_up(struct http_parser *parser)
{
	parser->reading = HTTP_READING_UNUSUAL;
}

/* --- the parts of a line ----------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A line in the form of RFC 9112: it ends with CRLF, and has no other control character but a tab. */
static bool is_clean(const char *line, size_t size)
{
	if (size < 2 || line[size - 2] != '\r')
		return false;
	for (size_t i = 0; i < size - 2; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* The length of a header's name: a token (RFC 9110 5.6.2), of the characters that occur. */
static size_t name_length(const char *line, size_t size)
{
	size_t length = 0;

	while (length < size && (is_digit(line[length]) || line[length] == '-' ||
	                         line[length] == '_' || line[length] == '.' ||
	                         ((line[length] | 0x20) >= 'a' && (line[length] | 0x20) <= 'z')))
		length++;
	return length;
}

/* A header's value without the blanks around it. */
struct value {
	const char *text;
	size_t size;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct value value_of(const char *line, size_t size, size_t name)
{
	struct value value = { line + name + 1, size - 2 - name - 1 };

	while (value.size > 0 && is_blank(*value.text)) {
		value.text++;
		value.size--;
	}
	while (value.size > 0 && is_blank(value.text[value.size - 1]))
		value.size--;
	return value;
}

/* --- headers that matter ------------------------------------------------------------------------ */

/* Each returns false if libcurl must read the answer. */

static bool take_length(struct http_parser *parser, struct value value)
{
	if (parser->has_length || value.size == 0 || value.size > LENGTH_DIGITS_MAX)
		return false;
	parser->left = 0;
	for (size_t i = 0; i < value.size; i++) {
		if (!is_digit(value.text[i]))
			return false;
		parser->left = parser->left * 10 + (uint64_t)(value.text[i] - '0');
	}
	parser->has_length = true;
	return true;
}

static bool take_transfer(struct http_parser *parser, struct value value)
{
	bool is_first = !parser->is_chunked;

	parser->is_chunked = true;
	return is_first && !parser->is_old && value.size == 7 &&
	       strncasecmp(value.text, "chunked", 7) == 0;
}

/* A coded body is decoded by libcurl. */
static bool take_odd(struct http_parser *parser, struct value value)
{
	(void)value;
	parser->is_odd = true;
	return true;
}

/* A redirection is libcurl's own business; some releases refuse an answer that has two. */
static bool take_location(struct http_parser *parser, struct value value)
{
	bool is_first = !parser->has_location;

	parser->has_location = true;
	return is_first && take_odd(parser, value);
}

static const struct {
	const char *name;
	bool (*take)(struct http_parser *parser, struct value value);
} known[] = { { "Content-Length", take_length },
	      { "Transfer-Encoding", take_transfer },
	      { "Content-Encoding", take_odd },
	      { "Location", take_location } };

static bool take_header(struct http_parser *parser, const char *line, size_t size)
{
	size_t name = name_length(line, size);

	if (name == 0 || line[name] != ':' || !is_clean(line, size))
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) == name && strncasecmp(line, known[i].name, name) == 0)
			return known[i].take(parser, value_of(line, size, name));
	}
	return true;
}

/* --- complete lines --------------------------------------------------------------------------- */

static void judge_line(struct http_parser *parser, const char *line, size_t size)
{
	if (!http_answer_header(parser->answer, parser->check, line, size, parser->status))
		end(parser, CURLE_WRITE_ERROR);
}

/* "HTTP/1.1 200 OK", the final status of an answer. */
static void read_status(struct http_parser *parser, const char *line, size_t size)
{
	if (size < 14 || !is_clean(line, size) || memcmp(line, "HTTP/1.", 7) != 0 ||
	    (line[7] != '0' && line[7] != '1') || line[8] != ' ' || line[9] < '2' ||
	    line[9] > '9' || !is_digit(line[10]) || !is_digit(line[11]) ||
	    (line[12] != ' ' && line[12] != '\r')) {
		give_up(parser);
		return;
	}
	parser->is_old = line[7] == '0';
	parser->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
	parser->state = HTTP_PARSER_HEADERS;
	judge_line(parser, line, size);
}

static bool is_without_body(const struct http_parser *parser)
{
	return parser->status == 204 || parser->status == 304 ||
	       (parser->has_length && parser->left == 0);
}

static void begin_body(struct http_parser *parser)
{
	if (is_without_body(parser)) {
		end(parser, CURLE_OK);
	} else if (parser->is_chunked) {
		parser->state = HTTP_PARSER_CHUNK_SIZE;
	} else {
		parser->state = HTTP_PARSER_BODY;
		if (!parser->has_length)
			parser->left = UINT64_MAX;
	}
}

/* What only libcurl can read, once all headers are known. */
static bool is_unusual(const struct http_parser *parser)
{
	const struct check *check = parser->check;
	bool wants_body = check->expect_body && check->expect_body[0];

	return (parser->is_chunked && parser->has_length) || (parser->is_odd && wants_body);
}

static void read_header(struct http_parser *parser, const char *line, size_t size)
{
	bool is_last = size == 2 && line[0] == '\r';

	if (is_last ? is_unusual(parser) : !take_header(parser, line, size)) {
		give_up(parser);
		return;
	}
	judge_line(parser, line, size);
	if (is_last && parser->reading == HTTP_READING_MORE)
		begin_body(parser);
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t chunk_digits(const char *line, size_t size)
{
	size_t digits = 0;

	while (digits < size && hex_value(line[digits]) >= 0)
		digits++;
	return digits;
}

/* No extensions. */
static void read_chunk_size(struct http_parser *parser, const char *line, size_t size)
{
	size_t digits = chunk_digits(line, size);

	if (digits == 0 || digits > CHUNK_DIGITS_MAX || digits != size - 2 ||
	    line[digits] != '\r') {
		give_up(parser);
		return;
	}
	parser->left = 0;
	for (size_t i = 0; i < digits; i++)
		parser->left = parser->left * 16 + (uint64_t)hex_value(line[i]);
	parser->state = parser->left > 0 ? HTTP_PARSER_CHUNK : HTTP_PARSER_LAST_END;
}

static void read_chunk_end(struct http_parser *parser, const char *line, size_t size)
{
	if (size == 2 && line[0] == '\r')
		parser->state = HTTP_PARSER_CHUNK_SIZE;
	else
		give_up(parser);
}

/* No trailers. */
static void read_last_end(struct http_parser *parser, const char *line, size_t size)
{
	if (size == 2 && line[0] == '\r')
		end(parser, CURLE_OK);
	else
		give_up(parser);
}

/* --- lines whose end has not arrived: whether they may still become what is read ----------------- */

static bool may_be_status(const char *line, size_t size)
{
	return memcmp(line, "HTTP/1.", size < 7 ? size : 7) == 0;
}

static bool may_be_header(const char *line, size_t size)
{
	(void)line;
	return size < LINE_MAX_SIZE;
}

static bool may_be_chunk_size(const char *line, size_t size)
{
	size_t digits = chunk_digits(line, size);

	return digits <= CHUNK_DIGITS_MAX &&
	       (digits == size || (digits > 0 && digits == size - 1 && line[digits] == '\r'));
}

static bool may_be_end(const char *line, size_t size)
{
	return size == 1 && line[0] == '\r';
}

static const struct {
	void (*read)(struct http_parser *parser, const char *line, size_t size);
	bool (*may_be)(const char *line, size_t size);
} lines[] = { [HTTP_PARSER_STATUS] = { read_status, may_be_status },
	      [HTTP_PARSER_HEADERS] = { read_header, may_be_header },
	      [HTTP_PARSER_CHUNK_SIZE] = { read_chunk_size, may_be_chunk_size },
	      [HTTP_PARSER_CHUNK_END] = { read_chunk_end, may_be_end },
	      [HTTP_PARSER_LAST_END] = { read_last_end, may_be_end } };

static bool keep(struct http_parser *parser, const char *data, size_t size)
{
	char *line = size > LINE_MAX_SIZE - parser->line_size
	                     ? NULL
	                     : realloc(parser->line, parser->line_size + size);

	if (!line)
		return false;
	memcpy(line + parser->line_size, data, size);
	parser->line = line;
	parser->line_size += size;
	return true;
}

/* Returns the number of bytes used. */
static size_t feed_line(struct http_parser *parser, const char *data, size_t size)
{
	const char *newline = memchr(data, '\n', size);
	size_t used = newline ? (size_t)(newline - data) + 1 : size;
	enum http_parser_state state = parser->state;
	size_t kept_size;
	char *kept;

	if (newline && !parser->line && used <= LINE_MAX_SIZE) {
		lines[state].read(parser, data, used);
		return used;
	}
	if (!keep(parser, data, used) ||
	    (!newline && !lines[state].may_be(parser->line, parser->line_size))) {
		give_up(parser);
	} else if (newline) {
		kept = parser->line;
		kept_size = parser->line_size;
		parser->line = NULL;
		parser->line_size = 0;
		lines[state].read(parser, kept, kept_size);
		free(kept);
	}
	return used;
}

/* --- the body --------------------------------------------------------------------------------- */

static size_t feed_body(struct http_parser *parser, const char *data, size_t size)
{
	size_t used = size < parser->left ? size : (size_t)parser->left;

	if (!http_answer_body(parser->answer, parser->check, data, used)) {
		end(parser, CURLE_WRITE_ERROR);
		return used;
	}
	if (parser->left != UINT64_MAX)
		parser->left -= used;
	if (parser->left > 0)
		return used;
	if (parser->state == HTTP_PARSER_CHUNK)
		parser->state = HTTP_PARSER_CHUNK_END;
	else
		end(parser, CURLE_OK);
	return used;
}

static bool is_in_body(const struct http_parser *parser)
{
	return parser->state == HTTP_PARSER_BODY || parser->state == HTTP_PARSER_CHUNK;
}

enum http_reading http_parser_feed(struct http_parser *parser, const char *data, size_t size)
{
	while (size > 0 && parser->reading == HTTP_READING_MORE) {
		size_t used = is_in_body(parser) ? feed_body(parser, data, size)
		                                 : feed_line(parser, data, size);

		data += used;
		size -= used;
	}
	return parser->reading;
}

void http_parser_closed(struct http_parser *parser)
{
	switch (parser->state) {
	case HTTP_PARSER_STATUS: end(parser, CURLE_GOT_NOTHING); break;
	case HTTP_PARSER_HEADERS:
		/* Some releases of libcurl take its first byte for the empty line. */
		if (parser->line && parser->line[0] == '\r')
			give_up(parser);
		else
			end(parser, CURLE_OK);
		break;
	case HTTP_PARSER_BODY:
		end(parser, parser->left == UINT64_MAX ? CURLE_OK : CURLE_PARTIAL_FILE);
		break;
	default: end(parser, CURLE_PARTIAL_FILE); break;
	}
}
