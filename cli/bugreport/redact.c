#include "bugreport/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "bugreport/words.h"

#define NUMBER_MAX 12u
#define NAME_MAX_LENGTH 64u

/* Settings whose texts are no secrets. Files are named; their contents are never read. */
static const char *const harmless[] = {
	"socket",
	"control",
	"state_dir",
	"stale_limit",
	"isolation",
	"user",
	"exec_user",
	"http",
	"http_hosts",
	"resolvers",
	"type",
	"path",
	"host",
	"method",
	"credentials_file",
	"expect_status",
	"ca_file",
	"sni",
	"client_cert",
	"client_key",
	"cert_warning",
	"source",
	"interval",
	"fast_interval",
	"down_interval",
	"timeout",
	"pass_status",
	"connect_timeout",
	"none_status",
	"of",
	"name",
	"aliases",
	"failback",
	"failback_delay",
	"flap_penalty",
	"flap_window",
	"failback_max",
	"all_down",
	"connect",
	"on_leave",
	"on_return",
	"etcd",
	"cert_file",
	"key_file",
	"password_file",
	"prefix",
	"site",
	"lease",
	"on_etcd_lost",
	"scope",
	"share",
	"stagger",
	"failback_jitter",
	"cgroup",
	"door_socket",
	"id",
	"address",
	"addresses",
	"check",
	"family",
	"events",
	"@include",
};

/* Those of which only the first text is printed. */
static const char *const first_only[] = { "command" };

struct reader {
	const char *at, *end;
	char name[NAME_MAX_LENGTH + 1]; /* of the setting whose value is being read; "": unknown */
	unsigned texts;                 /* of that setting so far */
	bool after_text;                /* nothing but space since the last text */
	unsigned newlines;              /* printed since anything else; at most two are */
	FILE *out;
};

static bool is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

#define IS_LISTED(name, list) is_listed(name, list, sizeof(list) / sizeof((list)[0]))

static bool is_shown(const struct reader *reader)
{
	if (reader->after_text)
		return false;
	return IS_LISTED(reader->name, harmless) ||
	       (IS_LISTED(reader->name, first_only) && reader->texts == 0);
}

static bool starts(const struct reader *reader, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(reader->end - reader->at) >= n && memcmp(reader->at, word, n) == 0;
}

/* Past the next `word`, or to the end. */
static void skip_behind(struct reader *reader, const char *word)
{
	while (reader->at < reader->end && !starts(reader, word))
		reader->at++;
	reader->at += reader->at < reader->end ? strlen(word) : 0;
}

static bool skip_comment(struct reader *reader)
{
	if (starts(reader, "/*")) {
		skip_behind(reader, "*/");
		return true;
	}
	if (*reader->at != '#' && !starts(reader, "//"))
		return false;
	while (reader->at < reader->end && *reader->at != '\n')
		reader->at++;
	return true;
}

static void read_text(struct reader *reader)
{
	const char *begin = ++reader->at;
	bool ended;

	while (reader->at < reader->end && *reader->at != '"')
		reader->at += *reader->at == '\\' && reader->end - reader->at > 1 ? 2 : 1;
	ended = reader->at < reader->end;
	putc('"', reader->out);
	if (ended && is_shown(reader))
		words_print(begin, (size_t)(reader->at - begin), reader->out);
	else
		fputs(WORDS_REMOVED, reader->out);
	putc('"', reader->out);
	reader->at += ended;
	reader->texts++;
	reader->after_text = true;
	reader->newlines = 0;
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_-*@+.", c));
}

static bool is_number(const char *text, size_t length)
{
	if (length > NUMBER_MAX || !(isdigit((unsigned char)*text) || strchr("+-.", *text)))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isxdigit((unsigned char)text[i]) && !strchr("xXL+-.", text[i]))
			return false;
	return true;
}

static bool is_truth(const char *text, size_t length)
{
	return (length == 4 && strncasecmp(text, "true", 4) == 0) ||
	       (length == 5 && strncasecmp(text, "false", 5) == 0);
}

static bool is_setting(const struct reader *reader, const char *text, size_t length)
{
	const char *at = reader->at;

	while (at < reader->end && isspace((unsigned char)*at))
		at++;
	if (length > NAME_MAX_LENGTH)
		return false;
	return (length == 8 && strncmp(text, "@include", 8) == 0) ||
	       (at < reader->end && (*at == '=' || *at == ':'));
}

static void read_word(struct reader *reader)
{
	const char *begin = reader->at;
	size_t length;

	while (reader->at < reader->end && is_name_byte(*reader->at))
		reader->at++;
	length = (size_t)(reader->at - begin);
	if (is_setting(reader, begin, length)) {
		memcpy(reader->name, begin, length);
		reader->name[length] = '\0';
		reader->texts = 0;
		words_print(begin, length, reader->out);
	} else if (is_number(begin, length) || is_truth(begin, length)) {
		fwrite(begin, 1, length, reader->out);
	} else {
		fputs(WORDS_REMOVED, reader->out);
	}
	reader->after_text = false;
	reader->newlines = 0;
}

static void read_mark(struct reader *reader)
{
	char c = *reader->at++;

	if (isspace((unsigned char)c)) {
		reader->newlines += c == '\n';
		if (reader->newlines <= 2)
			putc(c, reader->out);
		return;
	}
	reader->newlines = 0;
	putc(strchr("=:;,(){}[]", c) && c ? c : '?', reader->out);
	reader->after_text = false;
	if (c == '{' || c == '}' || c == ';')
		reader->name[0] = '\0';
}

void redact_print(const char *text, size_t size, FILE *out)
{
	struct reader reader = { .at = text, .end = text + size, .out = out };

	while (reader.at < reader.end) {
		if (*reader.at == '"')
			read_text(&reader);
		else if (is_name_byte(*reader.at))
			read_word(&reader);
		else if (!skip_comment(&reader))
			read_mark(&reader);
	}
}
