#include "config/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define FAILED "the parser failed, perhaps for lack of memory"
#define PARSE_MS 60000u /* libconfig takes some seconds for 64 MB of text */

/*
 * Format of the pipe's data: a head, then the settings from the root down, each followed by its
 * strings, each of which ends in a zero.
 */
struct head {
	uint32_t error; /* 1: one string follows, libconfig's error message */
	uint32_t line;
	uint32_t settings; /* number of settings that follow */
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

static void send_tree(FILE *out, const config_t *tree)
{
	struct head head = { .settings = count_settings(config_root_setting(tree)) };

	fwrite(&head, sizeof(head), 1, out);
	send_setting(out, config_root_setting(tree));
}

static void send_error(FILE *out, const config_t *tree)
{
	struct head head = { 1, (uint32_t)config_error_line(tree), 0 };
	const char *text = config_error_text(tree) ? config_error_text(tree) : "";

	fwrite(&head, sizeof(head), 1, out);
	fwrite(text, 1, strlen(text) + 1, out);
}

static _Noreturn void run_child(const char *text, int fd)
{
	const struct rlimit none = { 0, 0 };
	config_t tree;
	FILE *out;

	signal(SIGPIPE, SIG_DFL);
	setrlimit(RLIMIT_CORE, &none);
	out = fdopen(fd, "w");
	if (!out)
		_exit(1);
	config_init(&tree);
	errno = 0;
	if (config_read_string(&tree, text) == CONFIG_TRUE)
		send_tree(out, &tree);
	else
		send_error(out, &tree);
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

/*
 * Receives everything that the child sends until it closes its end. Returns NULL, with `*why`, if
 * it takes too long or memory runs out.
 */
static char *receive(int fd, size_t *length, const char **why)
{
	uint64_t end = clock_ms() + PARSE_MS;
	size_t room = 0;
	char *bytes = NULL;
	ssize_t got = 1;

	*length = 0;
	while (got > 0 || (got < 0 && errno == EINTR)) {
		uint64_t now = clock_ms();
		struct pollfd wait = { .fd = fd, .events = POLLIN };

		*why = "it takes too long";
		if (now >= end || poll(&wait, 1, (int)(end - now)) == 0)
			break;
		*why = strerror(ENOMEM);
		if (!make_room(&bytes, &room, *length, 65536))
			break;
		got = read(fd, bytes + *length, 65536);
		*length += got > 0 ? (size_t)got : 0;
		*why = NULL;
	}
	if (!*why)
		return bytes;
	free(bytes);
	return NULL;
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

static void take_all(char *bytes, size_t length, struct config_parsed *parsed)
{
	struct input input = { .at = bytes, .end = bytes ? bytes + length : NULL };
	struct head head;

	parsed->why = FAILED;
	if (!bytes || !take(&input, &head, sizeof(head)))
		return;
	parsed->line = head.line;
	bytes[length] = '\0';
	if (head.error)
		parsed->error = bytes + sizeof(head);
	else
		take_tree(&input, &head, parsed);
}

static pid_t start(const char *text, int fds[2])
{
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		run_child(text, fds[1]);
	close(fds[1]);
	if (pid < 0)
		close(fds[0]);
	return pid;
}

void config_parse(const char *text, struct config_parsed *parsed)
{
	size_t length = 0;
	char *bytes;
	int fds[2], status = 0;
	pid_t pid;

	*parsed = (struct config_parsed){ .root = NULL };
	pid = start(text, fds);
	if (pid < 0) {
		parsed->why = strerror(errno);
		return;
	}
	bytes = receive(fds[0], &length, &parsed->why);
	close(fds[0]);
	if (!bytes)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	parsed->blocks[0] = bytes;
	if (!parsed->why && status != 0)
		parsed->why = FAILED;
	if (!parsed->why)
		take_all(bytes, length, parsed);
}

void config_parsed_free(struct config_parsed *parsed)
{
	for (size_t i = 0; i < sizeof(parsed->blocks) / sizeof(parsed->blocks[0]); i++)
		free(parsed->blocks[i]);
}
