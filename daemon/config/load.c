#include "config/load.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/usage.h"
#include "config/name.h"
#include "config/parse.h"
#include "config/read/root.h"
#include "config/text.h"
#include "config/value.h"

/* libconfig's messages, each with a hint. */
static const struct {
	const char *text, *cure;
} syntax_cures[] = {
	{ "duplicate setting name", "a name stands once in its group, remove one" },
	{ "mismatched element type in array",
	  "write the elements of [ ] in one type, or a list in ( )" },
};

static bool unparsed(const struct config_reader *reader, const struct config_parsed *parsed,
                     const char *path)
{
	const char *cure = usage_limit_cure(parsed->why_errno);

	if (!*cure)
		cure = "; try again when the host has memory and processes to spare";
	return config_error(reader->error, "%s: cannot be parsed: %s%s", path, parsed->why, cure);
}

static bool syntax_error(const struct config_reader *reader, const struct config_parsed *parsed,
                         const char *path)
{
	struct config_place place;

	if (parsed->refused)
		return config_error(reader->error, "%s", parsed->refused);
	if (!parsed->error)
		return unparsed(reader, parsed, path);
	place = config_text_place(reader->text, parsed->line);
	for (size_t i = 0; i < sizeof(syntax_cures) / sizeof(syntax_cures[0]); i++) {
		if (strcmp(syntax_cures[i].text, parsed->error) == 0)
			return config_error(reader->error, "%s:%u: syntax error: %s; %s",
			                    place.file, place.line, parsed->error,
			                    syntax_cures[i].cure);
	}
	return config_error(reader->error,
	                    "%s:%u: syntax error: something is missing or too much here; settings "
	                    "are NAME = VALUE; strings stand in double quotes, and list elements "
	                    "need a comma between them",
	                    place.file, place.line);
}

/* The folder of `path`, absolute and with a final '/'; NULL if it cannot be determined. */
static const char *absolute_folder(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *given = slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");
	char *real = given ? realpath(given, NULL) : NULL;
	const char *folder = NULL;

	if (real)
		folder = arena_printf(arena, "%s%s", real, real[1] ? "/" : "");
	free(real);
	free(given);
	return folder;
}

static bool read_tree(struct config_reader *reader, const struct config_parsed *parsed,
                      struct config *config)
{
	config->path = arena_copy(config->arena, config->path, strlen(config->path));
	if (!parsed->root)
		return syntax_error(reader, parsed, config->path);
	reader->folder = absolute_folder(config->arena, config->path);
	if (!reader->folder)
		return config_error(reader->error,
		                    "%s: its folder cannot be found; name the configuration by an "
		                    "absolute path",
		                    config->path);
	return config_root_read(reader, parsed->root, config);
}

static struct config *read_parsed(const struct config_parsed *parsed, const char *path, char *error)
{
	struct arena *arena = arena_new();
	struct config *config = arena_alloc(arena, 1, sizeof(*config));
	struct config_reader reader = {
		.error = error, .text = parsed->places, .arena = arena, .names = config_names_new()
	};
	bool good;

	config->arena = arena;
	config->path = path;
	reader.hints = config->hints;
	good = read_tree(&reader, parsed, config);
	config->has_programs = reader.has_programs;
	config_names_free(reader.names);
	if (good)
		return config;
	arena_free(arena);
	return NULL;
}

/* The tree takes several times the memory of the configuration, and malloc() would keep it. */
static struct config *take_parsed(struct config_parsed *parsed, const char *path, char *error)
{
	struct config *config = read_parsed(parsed, path, error);

	config_parsed_free(parsed);
	malloc_trim(0);
	return config;
}

struct config *config_load(const char *path, char error[CONFIG_ERROR_MAX])
{
	struct config_parsed parsed;

	config_parse_file(path, &parsed);
	return take_parsed(&parsed, path, error);
}

struct config *config_load_parsed(struct config_parser *parser, const char *path, const char *why,
                                  char error[CONFIG_ERROR_MAX])
{
	struct config_parsed parsed;

	config_parse_end(parser, why, &parsed);
	return take_parsed(&parsed, path, error);
}
