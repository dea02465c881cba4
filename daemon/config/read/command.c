#include "config/read/command.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"

#define WORD_MAX 1023u /* maximum size of an argument, in bytes */

static const char *program_fault(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return strerror(errno);
	if (S_ISDIR(status.st_mode))
		return "it is a folder";
	if (!S_ISREG(status.st_mode))
		return "it is not a regular file";
	if (!(status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
		return "it is not executable";
	return NULL;
}

static bool read_program(const struct config_reader *reader, const struct tree *value,
                         const char *text, const char **out)
{
	const char *fault;

	if (!*text)
		return config_fail(reader, value, "is empty; write the path of a program");
	*out = arena_printf(reader->arena, "%s%s", *text == '/' ? "" : reader->folder, text);
	fault = program_fault(*out);
	return !fault || config_fail(reader, value,
	                             "cannot run %s: %s; name an executable file, by an absolute "
	                             "path or from the configuration's folder",
	                             *out, fault);
}

/* Records which properties of the asker the probe depends on. */
static bool read_letter(const struct config_reader *reader, const struct tree *value, char letter,
                        struct check *check)
{
	switch (letter) {
	case '%':
	case 'a': return true;
	case 'p':
		return check->port || config_fail(reader, value,
		                                  "has %%p, and the check has no port; write one, "
		                                  "as in port = 5432");
	case 'n': check->per_record = true; return true;
	case 'e': check->per_endpoint = true; return true;
	default:
		return config_fail(reader, value,
		                   "has a \"%%\" that begins nothing known; write %%a, %%p, %%n, "
		                   "%%e, or %%%% for a \"%%\"");
	}
}

static bool read_argument(const struct config_reader *reader, const struct tree *value,
                          const char *text, struct check *check)
{
	for (const char *p = text; (p = strchr(p, '%')) != NULL; p += 2) {
		if (!read_letter(reader, value, p[1], check))
			return false;
	}
	return true;
}

/* Returns NULL, with the error filled, if it is not a string, or too long. */
static const char *read_word(const struct config_reader *reader, const struct tree *value)
{
	const char *text = config_value_text(reader, value);

	if (text && strlen(text) > WORD_MAX) {
		config_fail(reader, value, "is too long; write at most %u bytes", WORD_MAX);
		return NULL;
	}
	return text;
}

bool config_command_read(const struct config_group *group, enum option option, const char *example,
                         const char *const **out)
{
	const struct tree *values = group->values[option];
	struct config_reader *reader = group->reader;
	const char **command;
	size_t count;

	if (!values)
		return config_fail_missing(group, option, example);
	if (!config_value_list(group, option, &count))
		return false;
	command = arena_alloc(reader->arena, count + 1, sizeof(*command));
	*out = command;
	for (size_t i = 0; i < count; i++) {
		const struct tree *value = values->elements[i];
		const char *text = read_word(reader, value);

		if (!text)
			return false;
		command[i] = arena_copy(reader->arena, text, strlen(text));
		if (i == 0 && !read_program(reader, value, text, &command[0]))
			return false;
	}
	return true;
}

bool config_command_of_check(const struct config_group *group, struct check *check)
{
	const struct tree *values = group->values[OPT_CHECK_COMMAND];

	if (!config_command_read(group, OPT_CHECK_COMMAND,
	                         "the program to run, as in command = [ "
	                         "\"/usr/local/bin/probe\", \"%a\" ]",
	                         &check->command))
		return false;
	for (unsigned i = 1; check->command[i]; i++) {
		if (!read_argument(group->reader, values->elements[i], check->command[i], check))
			return false;
	}
	return true;
}
