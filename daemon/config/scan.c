#include "config/scan.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/usage.h"
#include "config/file.h"

/* A file being scanned. */
struct input {
	const char *at, *end;
	struct config_place place;
	/* Only blanks before `at` in its line, which is where libconfig accepts an @include. */
	bool line_start;
};

struct bracket {
	char open;
	unsigned settings; /* number of settings in a group */
	struct config_place place;
};

typedef char *file_reader(const char *path, size_t max, size_t *length, const char **why);

struct scan {
	struct config_text *text;
	char *error;
	const char *path; /* path of the first file */
	file_reader *read;
	unsigned held;     /* newlines read and not yet written */
	char last;         /* first character of the last token */
	unsigned depth;    /* number of files open besides the first */
	unsigned files;    /* number of files read so far */
	unsigned settings; /* number of settings outside all brackets */
	struct bracket brackets[CONFIG_NESTING_MAX];
	size_t bracket_count;
};

static bool scan_file(struct scan *scan, const char *file, const struct config_place *from,
                      const char *written);

/* `what` is "the problem; the cure". */
static bool syntax_error(const struct scan *scan, const struct input *input, const char *what)
{
	return config_error(scan->error, "%s:%u: syntax error: %s", input->place.file,
	                    input->place.line, what);
}

/* --- writing the text ------------------------------------------------------------------------ */

static void put_newlines(struct scan *scan)
{
	for (; scan->held; scan->held--)
		config_text_put(scan->text, "\n", 1);
}

/*
 * libconfig reads one token beyond a string before it records the line of that list element, so the
 * token that ends the element is put on the string's own line.
 */
static void put_token(struct scan *scan, const char *bytes, size_t length)
{
	if (scan->last != '"' || !strchr(",])", *bytes))
		put_newlines(scan);
	scan->last = *bytes;
	config_text_put(scan->text, bytes, length);
}

static bool take_token(struct scan *scan, struct input *input, size_t length)
{
	put_token(scan, input->at, length);
	input->at += length;
	input->line_start = false;
	return true;
}

/* --- tokens, divided as by libconfig's scanner ----------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_name_start(char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '*';
}

/* The text ends in a zero, which ends all loops below. */
static const char *skip_digits(const char *p)
{
	while (is_digit(*p))
		p++;
	return p;
}

static bool scan_name(struct scan *scan, struct input *input)
{
	const char *p = input->at;

	while (is_name_start(*p) || is_digit(*p) || *p == '-' || *p == '_')
		p++;
	return take_token(scan, input, (size_t)(p - input->at));
}

/* Returns the end of an exponent at `p`; `p` itself if there is none. */
static const char *skip_exponent(const char *p)
{
	const char *digits;

	if ((*p | 0x20) != 'e')
		return p;
	digits = p + 1 + (p[1] == '+' || p[1] == '-');
	return is_digit(*digits) ? skip_digits(digits) : p;
}

/*
 * Rejects numbers that releases of libconfig read differently: 017 as 17 or 15, 0b11 as nothing or
 * 3.
 */
static bool check_integer(struct scan *scan, struct input *input, const char *digits,
                          const char *end, unsigned base)
{
	while (*end == 'L')
		end++;
	if (is_name_start(*end) || *end == '_')
		return syntax_error(scan, input,
		                    "a number with letters behind it; write a whole number alone, "
		                    "and anything else in double quotes, as in \"10s\"");
	if (base == 10 && *digits == '0' && is_digit(digits[1]))
		return syntax_error(scan, input,
		                    "a number that begins with 0, which may be octal or decimal; "
		                    "remove the 0");
	return true;
}

/*
 * An integer from `digits` to `end` in base `base`: written unchanged, or as the nearest 32-bit
 * integer. Its suffix L, which would only change its type, is dropped.
 */
static bool take_integer(struct scan *scan, struct input *input, const char *digits,
                         const char *end, unsigned base)
{
	bool negative = *input->at == '-';
	uint64_t limit = (uint64_t)INT32_MAX + negative, value = 0;

	if (!check_integer(scan, input, digits, end, base))
		return false;
	for (const char *p = digits; p < end && value <= limit; p++)
		value = value * base + (uint64_t)(is_digit(*p) ? *p - '0' : (*p | 0x20) - 'a' + 10);
	if (value > limit)
		put_token(scan, negative ? "-2147483648" : "2147483647", 10 + negative);
	else
		put_token(scan, input->at, (size_t)(end - input->at));
	for (int i = 0; i < 2 && *end == 'L'; i++)
		end++;
	input->at = end;
	input->line_start = false;
	return true;
}

static bool scan_number(struct scan *scan, struct input *input)
{
	const char *p = input->at, *digits, *end;

	if (p[0] == '0' && (p[1] | 0x20) == 'x' && is_hex(p[2])) {
		for (end = p + 2; is_hex(*end); end++)
			;
		return take_integer(scan, input, p + 2, end, 16);
	}
	digits = p + (*p == '+' || *p == '-');
	end = skip_digits(digits);
	if (*end == '.')
		return take_token(scan, input, (size_t)(skip_exponent(skip_digits(end + 1)) - p));
	if (end == digits)
		return take_token(scan, input, 1);
	if (skip_exponent(end) != end)
		return take_token(scan, input, (size_t)(skip_exponent(end) - p));
	return take_integer(scan, input, digits, end, 10);
}

/* Returns the innermost open bracket, or NULL. */
static const struct bracket *inner_bracket(const struct scan *scan)
{
	return scan->bracket_count ? &scan->brackets[scan->bracket_count - 1] : NULL;
}

/* libconfig leaks a string in a place where its grammar does not allow one. */
static bool may_stand(const struct scan *scan)
{
	const struct bracket *inner = inner_bracket(scan);

	if (scan->last == ',')
		return inner && inner->open != '{';
	return scan->last && strchr("=:([\"", scan->last);
}

static bool scan_string(struct scan *scan, struct input *input)
{
	const char *p = input->at + 1;

	if (!may_stand(scan))
		return syntax_error(
		        scan, input,
		        "a string without a setting's name before it; write name = \"...\"");
	/* libconfig would join them: two names in a list would become a third one. */
	if (scan->last == '"' && inner_bracket(scan) && inner_bracket(scan)->open != '{')
		return syntax_error(
		        scan, input,
		        "two strings in a list without a comma between them; add the comma");
	for (; *p != '"'; p++) {
		if (p == input->end || *p == '\n')
			return syntax_error(
			        scan, input,
			        "a string does not end on its line; add the closing \"");
		if (*p != '\\')
			continue;
		if (strncasecmp(p, "\\x00", 4) == 0)
			return syntax_error(scan, input,
			                    "\\x00 cannot stand in a string; remove it");
		if (p[1] == '\\' || p[1] == '"')
			p++;
	}
	return take_token(scan, input, (size_t)(p + 1 - input->at));
}

static bool scan_line_comment(struct scan *scan, struct input *input)
{
	input->at += strcspn(input->at, "\n");
	config_text_put(scan->text, " ", 1);
	return true;
}

static bool scan_comment(struct scan *scan, struct input *input)
{
	const char *end = strstr(input->at + 2, "*/");

	if (!end)
		return syntax_error(scan, input, "a comment does not end; add */");
	for (; input->at < end; input->at++) {
		scan->held += *input->at == '\n';
		input->place.line += *input->at == '\n';
	}
	input->at = end + 2;
	input->line_start = false;
	config_text_put(scan->text, " ", 1);
	return true;
}

static bool scan_space(struct scan *scan, struct input *input)
{
	for (; *input->at && strchr(" \t\r\f", *input->at); input->at++)
		input->line_start &= *input->at == ' ' || *input->at == '\t';
	config_text_put(scan->text, " ", 1);
	return true;
}

static bool scan_newline(struct scan *scan, struct input *input)
{
	input->at++;
	input->place.line++;
	input->line_start = true;
	scan->held++;
	return true;
}

static bool scan_assign(struct scan *scan, struct input *input)
{
	unsigned *settings = scan->bracket_count ? &scan->brackets[scan->bracket_count - 1].settings
	                                         : &scan->settings;

	if (++*settings > CONFIG_SETTINGS_MAX)
		return config_error(scan->error,
		                    "%s:%u: syntax error: more than %u settings in one group; "
		                    "write checks into the endpoints that use them",
		                    input->place.file, input->place.line, CONFIG_SETTINGS_MAX);
	return take_token(scan, input, 1);
}

static bool scan_open(struct scan *scan, struct input *input)
{
	if (scan->bracket_count == CONFIG_NESTING_MAX)
		return config_error(
		        scan->error,
		        "%s:%u: syntax error: nested more than %u deep; close the brackets before",
		        input->place.file, input->place.line, CONFIG_NESTING_MAX);
	scan->brackets[scan->bracket_count++] = (struct bracket){ *input->at, 0, input->place };
	return take_token(scan, input, 1);
}

static char closer(char open)
{
	return open == '(' ? ')' : open == '[' ? ']' : '}';
}

static bool scan_close(struct scan *scan, struct input *input)
{
	const struct bracket *open = inner_bracket(scan);
	char c = *input->at;

	if (!open)
		return config_error(scan->error,
		                    "%s:%u: syntax error: \"%c\" closes nothing; remove it",
		                    input->place.file, input->place.line, c);
	if (closer(open->open) != c)
		return config_error(
		        scan->error,
		        "%s:%u: syntax error: \"%c\" does not close \"%c\" of %s:%u; write \"%c\"",
		        input->place.file, input->place.line, c, open->open, open->place.file,
		        open->place.line, closer(open->open));
	if (scan->last == ',' && c != '}')
		return config_error(scan->error,
		                    "%s:%u: syntax error: a comma before \"%c\"; remove the comma",
		                    input->place.file, input->place.line, c);
	scan->bracket_count--;
	return take_token(scan, input, 1);
}

/* --- files ----------------------------------------------------------------------------------- */

/*
 * Copies the text between quotes at `p` to `name`. Returns the position after the closing quote, or
 * NULL.
 */
static const char *include_name(struct arena *arena, const char *p, const char **name)
{
	char *copy = arena_alloc(arena, strcspn(p, "\n") + 1, 1), *out = copy;

	for (; *p != '"'; p++) {
		if (*p == '\0' || *p == '\n')
			return NULL;
		if (*p == '\\' && (p[1] == '\\' || p[1] == '"'))
			p++;
		*out++ = *p;
	}
	*name = copy;
	return p + 1;
}

/* Relative to the first file's folder, as in libconfig, whichever file contains the @include. */
static const char *include_path(const struct scan *scan, const char *name)
{
	const char *slash = strrchr(scan->path, '/');
	int folder = slash ? (int)(slash + 1 - scan->path) : 0;

	return arena_printf(config_text_arena(scan->text), "%.*s%s", *name == '/' ? 0 : folder,
	                    scan->path, name);
}

static bool scan_include(struct scan *scan, struct input *input)
{
	static const char word[] = "@include";
	const char *p = input->at, *name = NULL;

	if (input->line_start && strncmp(p, word, sizeof(word) - 1) == 0) {
		p += sizeof(word) - 1;
		p += strspn(p, " \t");
		if (*p == '"' && p > input->at + sizeof(word) - 1)
			p = include_name(config_text_arena(scan->text), p + 1, &name);
	}
	if (!name)
		return syntax_error(scan, input,
		                    "\"@\" begins nothing known; write @include \"FILE\" on a line "
		                    "of its own");
	put_newlines(scan);
	if (!scan_file(scan, include_path(scan, name), &input->place, name))
		return false;
	input->at = p;
	input->line_start = false;
	scan->held++;
	put_newlines(scan);
	config_text_mark(scan->text, input->place);
	return true;
}

/*
 * Selects by the first character of a token; "" matches anything else, which libconfig will check.
 */
static bool scan_next(struct scan *scan, struct input *input)
{
	static const struct {
		const char *first;
		bool (*take)(struct scan *scan, struct input *input);
	} kinds[] = {
		{ " \t\r\f", scan_space },        { "\n", scan_newline }, { "\"", scan_string },
		{ "0123456789+-.", scan_number }, { "({[", scan_open },   { ")}]", scan_close },
		{ "#", scan_line_comment },       { "@", scan_include },  { "=:", scan_assign },
	};
	const char *p = input->at;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strchr(kinds[i].first, *p))
			return kinds[i].take(scan, input);
	}
	if (is_name_start(*p))
		return scan_name(scan, input);
	if (*p == '/' && p[1] == '/')
		return scan_line_comment(scan, input);
	if (*p == '/' && p[1] == '*')
		return scan_comment(scan, input);
	return take_token(scan, input, 1);
}

/*
 * Editors on Windows put a byte-order mark at the start of a file. That of UTF-8 is skipped; the
 * others mean another encoding.
 */
static bool skip_mark(struct scan *scan, struct input *input)
{
	size_t length = (size_t)(input->end - input->at);

	if (length >= 2 &&
	    (memcmp(input->at, "\xff\xfe", 2) == 0 || memcmp(input->at, "\xfe\xff", 2) == 0))
		return syntax_error(
		        scan, input,
		        "the file is UTF-16 or UTF-32; save it as UTF-8, or convert it with "
		        "iconv -f UTF-16 -t UTF-8");
	if (length >= 3 && memcmp(input->at, "\xef\xbb\xbf", 3) == 0)
		input->at += 3;
	return true;
}

static bool scan_bytes(struct scan *scan, const char *file, const char *bytes, size_t length)
{
	struct input input = { bytes, bytes + length, { file, 1 }, true };
	const char *zero = memchr(bytes, '\0', length);

	if (!skip_mark(scan, &input))
		return false;
	for (const char *p = bytes; zero && p < zero; p++)
		input.place.line += *p == '\n';
	if (zero)
		return syntax_error(scan, &input, "a zero byte; save the file as plain text");
	config_text_mark(scan->text, input.place);
	while (input.at < input.end) {
		if (!scan_next(scan, &input))
			return false;
	}
	put_newlines(scan);
	return true;
}

/* Called right after the file could not be read, with its errno. */
static bool open_error(const struct scan *scan, const char *file, const struct config_place *from,
                       const char *written, const char *why)
{
	const char *cure = usage_limit_cure(errno);

	if (*cure)
		return config_error(scan->error, "%s: cannot be read: %s%s", file, why, cure);
	if (!from)
		return config_error(scan->error,
		                    "%s: cannot be read: %s; name a configuration file with -c",
		                    file, why);
	return config_error(scan->error,
	                    "%s:%u: @include: cannot read \"%s\": %s; a relative path starts at "
	                    "the configuration's folder",
	                    from->file, from->line, written, why);
}

/*
 * `from` is the place of the @include, `written` its path as written; both are NULL for the first
 * file.
 */
static bool scan_file(struct scan *scan, const char *file, const struct config_place *from,
                      const char *written)
{
	size_t written_bytes = config_text_length(scan->text);
	size_t room = CONFIG_TEXT_MAX -
	              (written_bytes < CONFIG_TEXT_MAX ? written_bytes : CONFIG_TEXT_MAX);
	const char *why = NULL;
	size_t length;
	char *bytes;
	bool good;

	if (scan->depth > CONFIG_INCLUDE_MAX)
		return config_error(scan->error,
		                    "%s:%u: @include: more than %u files deep; make sure that no "
		                    "file includes itself",
		                    from->file, from->line, CONFIG_INCLUDE_MAX);
	if (scan->files++ > CONFIG_INCLUDES_MAX)
		return config_error(scan->error,
		                    "%s:%u: @include: more than %u files; put them together",
		                    from->file, from->line, CONFIG_INCLUDES_MAX);
	bytes = scan->read(file, room, &length, &why);
	if (!bytes)
		return open_error(scan, file, from, written, why);
	scan->depth++;
	good = scan_bytes(scan, file, bytes, length);
	scan->depth--;
	free(bytes);
	return good;
}

static bool check_closed(const struct scan *scan)
{
	const struct bracket *open = inner_bracket(scan);

	if (!open)
		return true;
	return config_error(scan->error, "%s:%u: syntax error: \"%c\" is not closed; add \"%c\"",
	                    open->place.file, open->place.line, open->open, closer(open->open));
}

static struct config_text *scan_all(const char *path, file_reader *read,
                                    char error[CONFIG_ERROR_MAX])
{
	struct config_text *text = config_text_new();
	struct scan scan = { .text = text, .error = error, .path = path, .read = read };

	scan.path = arena_copy(config_text_arena(text), path, strlen(path));
	if (scan_file(&scan, scan.path, NULL, NULL) && check_closed(&scan))
		return text;
	config_text_free(text);
	return NULL;
}

struct config_text *config_scan(const char *path, char error[CONFIG_ERROR_MAX])
{
	return scan_all(path, config_file_read, error);
}

struct config_text *config_scan_trusted(const char *path, char error[CONFIG_ERROR_MAX])
{
	return scan_all(path, config_file_read_trusted, error);
}
