#include "config/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "config/scan.h"
#include "config/text.h"

#define FAILED "the parser failed, perhaps for lack of memory"
#define READ_SIZE 65536u /* a pipe's capacity */
#define KILLED_MS 200    /* time allowed for a killed child to end */

enum outcome { OUTCOME_TREE, OUTCOME_ERROR, OUTCOME_REFUSED };

/*
 * Format of the pipe's data: a head, the segments, then the settings from the root down, or one
 * string. A segment and a setting are followed by their strings, each of which ends in a zero.
 */
struct head {
	uint32_t outcome; /* enum outcome; unless it is a tree, its message follows */
	uint32_t line;
	uint32_t settings; /* number of settings that follow */
	uint32_t segments; /* number of segments that follow */
};

struct sent_segment {
	uint32_t line;
	uint32_t place_line;
	uint32_t file; /* bytes including the zero; 0 if it is the same as before */
};

struct sent {
	uint32_t type;
	uint32_t line;
	uint32_t length; /* number of elements of a group, array or list */
	int32_t number;
	uint32_t name; /* bytes including the zero; 0 if there is no name */
	uint32_t text;
};

/* --- the child process ------------------------------------------------------------------------ */

static enum tree_type type_of(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_GROUP: return TREE_GROUP;
	case CONFIG_TYPE_ARRAY: return TREE_ARRAY;
	case CONFIG_TYPE_LIST: return TREE_LIST;
	case CONFIG_TYPE_STRING: return TREE_STRING;
	case CONFIG_TYPE_BOOL: return TREE_BOOL;
	case CONFIG_TYPE_FLOAT: return TREE_FLOAT;
	default: return TREE_INT;
	}
}

static uint32_t text_size(const char *text)
{
	return text ? (uint32_t)strlen(text) + 1 : 0;
}

static void send_text(FILE *out, const char *text, uint32_t size)
{
	if (text)
		fwrite(text, 1, size, out);
}

static void send_setting(FILE *out, const config_setting_t *setting)
{
	enum tree_type type = type_of(setting);
	const char *name = config_setting_name(setting);
	const char *text = type == TREE_STRING ? config_setting_get_string(setting) : NULL;
	struct sent sent = { .type = type,
		             .line = config_setting_source_line(setting),
		             .name = text_size(name),
		             .text = text_size(text) };

	if (type <= TREE_LIST)
		sent.length = (uint32_t)config_setting_length(setting);
	if (type == TREE_INT)
		sent.number = config_setting_get_int(setting);
	if (type == TREE_BOOL)
		sent.number = config_setting_get_bool(setting);
	fwrite(&sent, sizeof(sent), 1, out);
	send_text(out, name, sent.name);
	send_text(out, text, sent.text);
	for (unsigned i = 0; i < sent.length; i++)
		send_setting(out, config_setting_get_elem(setting, i));
}

static uint32_t count_settings(const config_setting_t *setting)
{
	uint32_t count = 1;
	int length = type_of(setting) <= TREE_LIST ? config_setting_length(setting) : 0;

	for (int i = 0; i < length; i++)
		count += count_settings(config_setting_get_elem(setting, (unsigned)i));
	return count;
}

static void send_segments(FILE *out, const struct config_text *text, uint32_t count)
{
	const char *last = NULL;

	for (uint32_t i = 0; i < count; i++) {
		unsigned line;
		struct config_place place = config_text_segment(text, i, &line);
		struct sent_segment sent = { line, place.line,
			                     place.file == last ? 0 : text_size(place.file) };

		fwrite(&sent, sizeof(sent), 1, out);
		send_text(out, place.file, sent.file);
		last = place.file;
	}
}

static void send_message(FILE *out, const char *message)
{
	send_text(out, message, text_size(message));
}

/* `places` may be NULL. */
static void send_parsed(FILE *out, const char *text, const struct config_text *places)
{
	struct head head = { .segments = places ? (uint32_t)config_text_segments(places) : 0 };
	config_t tree;
	bool good;

	config_init(&tree);
	errno = 0;
	good = config_read_string(&tree, text) == CONFIG_TRUE;
	head.outcome = good ? OUTCOME_TREE : OUTCOME_ERROR;
	head.line = good ? 0 : (uint32_t)config_error_line(&tree);
	head.settings = good ? count_settings(config_root_setting(&tree)) : 0;
	fwrite(&head, sizeof(head), 1, out);
	send_segments(out, places, head.segments);
	if (good)
		send_setting(out, config_root_setting(&tree));
	else
		send_message(out, config_error_text(&tree) ? config_error_text(&tree) : "");
	config_destroy(&tree);
}

static void send_refusal(FILE *out, const char *message)
{
	const struct head head = { .outcome = OUTCOME_REFUSED };

	fwrite(&head, sizeof(head), 1, out);
	send_message(out, message);
}

/* What is to be parsed: the files of `path`, or else `text`. */
struct parse_source {
	const char *path, *text;
	bool beside; /* the daemon goes on meanwhile */
};

static void produce(FILE *out, const struct parse_source *source)
{
	char error[CONFIG_ERROR_MAX];
	struct config_text *text;

	if (!source->path) {
		send_parsed(out, source->text, NULL);
		return;
	}
	text = config_scan(source->path, error);
	if (text)
		send_parsed(out, config_text_data(text), text);
	else
		send_refusal(out, error);
	config_text_free(text);
}

/*
 * The daemon's descriptors are closed: its clients must see a connection end although
 * the child is still there, and its locks must be free.
 */
static void close_others(int fd)
{
	if (fd > 3)
		close_range(3, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0u, 0);
}

static _Noreturn void run_child(const struct parse_source *source, int fd)
{
	const struct rlimit none = { 0, 0 };
	FILE *out;

	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	if (source->beside)
		close_others(fd);
	out = fdopen(fd, "w");
	if (!out)
		_exit(1);
	produce(out, source);
	/* libconfig may silently omit settings that it could not allocate. */
	_exit(errno != ENOMEM && fflush(out) == 0 ? 0 : 1);
}

/* --- the daemon ------------------------------------------------------------------------------- */

/* Makes room for `more` bytes and a zero. */
static bool make_room(char **bytes, size_t *room, size_t length, size_t more)
{
	char *larger;

	if (*room - length > more)
		return true;
	larger = realloc(*bytes, *room * 2 + more + 1);
	if (!larger)
		return false;
	*bytes = larger;
	*room = *room * 2 + more + 1;
	return true;
}

/* The received data, while the tree is built from it. */
struct input {
	const char *at, *end;
	struct tree *next, *last; /* the range of unused settings */
	const struct tree **next_element, **last_element;
};

static bool take(struct input *input, void *to, size_t size)
{
	if ((size_t)(input->end - input->at) < size)
		return false;
	memcpy(to, input->at, size);
	input->at += size;
	return true;
}

/* Takes a string of `size` bytes including its zero; it is not copied. */
static bool take_text(struct input *input, uint32_t size, const char **text)
{
	*text = size ? input->at : NULL;
	if ((size_t)(input->end - input->at) < size || (size && input->at[size - 1]))
		return false;
	input->at += size;
	return true;
}

static struct tree *take_setting(struct input *input, const struct tree *parent, int index)
{
	struct tree *tree = input->next;
	const struct tree **elements;
	struct sent sent;

	if (tree == input->last || !take(input, &sent, sizeof(sent)) || sent.type > TREE_FLOAT ||
	    sent.length > (size_t)(input->last_element - input->next_element))
		return NULL;
	input->next++;
	*tree = (struct tree){ .type = (enum tree_type)sent.type,
		               .line = sent.line,
		               .number = sent.number,
		               .index = index,
		               .length = (int)sent.length,
		               .parent = parent };
	if (!take_text(input, sent.name, &tree->name) || !take_text(input, sent.text, &tree->text))
		return NULL;
	/* libconfig omits a string if it has no memory for it. */
	if ((parent && tree_is_group(parent) && !tree->name) ||
	    (tree->type == TREE_STRING && !tree->text))
		return NULL;
	elements = input->next_element;
	input->next_element += sent.length;
	tree->elements = elements;
	for (int i = 0; i < tree->length; i++) {
		elements[i] = take_setting(input, tree, i);
		if (!elements[i])
			return NULL;
	}
	return tree;
}

static void take_tree(struct input *input, const struct head *head, struct config_parsed *parsed)
{
	struct tree *settings = calloc(head->settings, sizeof(*settings));
	const struct tree **elements = calloc(head->settings, sizeof(*elements));

	parsed->blocks[1] = settings;
	parsed->blocks[2] = elements;
	parsed->why = strerror(ENOMEM);
	if (!settings || !elements)
		return;
	input->next = settings;
	input->last = settings + head->settings;
	input->next_element = elements;
	input->last_element = elements + head->settings;
	parsed->why = FAILED;
	parsed->root = take_setting(input, NULL, 0);
}

static bool take_segments(struct input *input, uint32_t count, struct config_text *places)
{
	const char *file = NULL, *sent_file;

	for (uint32_t i = 0; i < count; i++) {
		struct sent_segment sent;

		if (!take(input, &sent, sizeof(sent)) || !take_text(input, sent.file, &sent_file))
			return false;
		if (sent_file)
			file = arena_copy(config_text_arena(places), sent_file, sent.file - 1);
		if (!file)
			return false;
		config_text_add_segment(places, sent.line,
		                        (struct config_place){ file, sent.place_line });
	}
	return true;
}

static void take_all(char *bytes, size_t length, struct config_parsed *parsed)
{
	struct input input = { .at = bytes, .end = bytes ? bytes + length : NULL };
	struct head head;

	parsed->why = FAILED;
	if (!bytes || !take(&input, &head, sizeof(head)))
		return;
	parsed->line = head.line;
	parsed->places = head.segments ? config_text_new() : NULL;
	if (!take_segments(&input, head.segments, parsed->places))
		return;
	bytes[length] = '\0';
	if (head.outcome == OUTCOME_TREE)
		take_tree(&input, &head, parsed);
	else if (head.outcome == OUTCOME_REFUSED)
		parsed->refused = bytes + (input.at - bytes);
	else
		parsed->error = bytes + (input.at - bytes);
}

static void fail(struct config_parser *parser, int error)
{
	parser->why = strerror(error);
	parser->why_errno = error;
}

static void start(struct config_parser *parser, const struct parse_source *source)
{
	int fds[2];

	*parser = (struct config_parser){ .pid = -1, .fd = -1 };
	if (pipe2(fds, O_CLOEXEC) < 0) {
		fail(parser, errno);
		return;
	}
	parser->pid = fork();
	if (parser->pid == 0)
		run_child(source, fds[1]);
	if (parser->pid < 0)
		fail(parser, errno);
	parser->fd = fds[0];
	close(fds[1]);
}

bool config_parse_read(struct config_parser *parser)
{
	ssize_t got;

	if (parser->why)
		return false;
	if (!make_room(&parser->bytes, &parser->room, parser->length, READ_SIZE)) {
		fail(parser, ENOMEM);
		return false;
	}
	got = read(parser->fd, parser->bytes + parser->length, READ_SIZE);
	if (got < 0 && errno == EINTR)
		return true;
	if (got < 0)
		fail(parser, errno);
	parser->length += got > 0 ? (size_t)got : 0;
	return got > 0;
}

/*
 * Returns the child's exit status, or -1. One that has closed its pipe ends at once; one that was
 * killed may be stuck in the kernel, as on a file system that does not answer: it is left behind.
 */
static int reap(pid_t pid, bool killed)
{
	int status = -1;
	pid_t ended = 0;

	if (!killed) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		return status;
	}
	kill(pid, SIGKILL);
	for (int ms = 0; ms < KILLED_MS && ended == 0; ms++) {
		ended = waitpid(pid, &status, WNOHANG);
		if (ended == 0)
			poll(NULL, 0, 1);
	}
	return -1;
}

void config_parse_end(struct config_parser *parser, const char *why, struct config_parsed *parsed)
{
	int status = -1;

	*parsed = (struct config_parsed){ .blocks = { parser->bytes } };
	parsed->why = parser->why ? parser->why : why;
	parsed->why_errno = parser->why_errno;
	if (parser->fd >= 0)
		close(parser->fd);
	if (parser->pid > 0)
		status = reap(parser->pid, parsed->why != NULL);
	if (!parsed->why && status != 0)
		parsed->why = FAILED;
	if (!parsed->why)
		take_all(parser->bytes, parser->length, parsed);
	*parser = (struct config_parser){ .pid = -1, .fd = -1 };
}

static void wait_for_all(struct config_parser *parser, struct config_parsed *parsed)
{
	const uint64_t end = clock_ms() + CONFIG_PARSE_MS;
	const char *why = NULL;
	bool more = !parser->why;

	while (more && !why) {
		struct pollfd wait = { .fd = parser->fd, .events = POLLIN };
		uint64_t now = clock_ms();

		if (now >= end)
			why = CONFIG_PARSE_LATE;
		else if (poll(&wait, 1, (int)(end - now)) > 0)
			more = config_parse_read(parser);
	}
	config_parse_end(parser, why, parsed);
}

void config_parse_start(struct config_parser *parser, const char *path)
{
	start(parser, &(struct parse_source){ .path = path, .beside = true });
}

void config_parse_file(const char *path, struct config_parsed *parsed)
{
	struct config_parser parser;

	start(&parser, &(struct parse_source){ .path = path });
	wait_for_all(&parser, parsed);
}

void config_parse(const char *text, struct config_parsed *parsed)
{
	struct config_parser parser;

	start(&parser, &(struct parse_source){ .text = text });
	wait_for_all(&parser, parsed);
}

void config_parsed_free(struct config_parsed *parsed)
{
	for (size_t i = 0; i < sizeof(parsed->blocks) / sizeof(parsed->blocks[0]); i++)
		free(parsed->blocks[i]);
	config_text_free(parsed->places);
}
