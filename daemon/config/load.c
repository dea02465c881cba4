#include "config/load.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config/name.h"
#include "config/read/root.h"
#include "config/scan.h"
#include "config/value.h"

/* libconfig's texts, and what helps. */
static const struct {
	const char *text, *cure;
} syntax_cures[] = {
	{ "duplicate setting name", "a name stands once in its group, remove one" },
	{ "mismatched element type in array",
	  "write the elements of [ ] in one type, or a list in ( )" },
};

static bool syntax_error(const struct config_reader *reader, const config_t *tree)
{
	struct config_place place =
	        config_text_place(reader->text, (unsigned)config_error_line(tree));
	const char *text = config_error_text(tree);

	for (size_t i = 0; i < sizeof(syntax_cures) / sizeof(syntax_cures[0]); i++) {
		if (strcmp(syntax_cures[i].text, text) == 0)
			return config_error(reader->error, "%s:%u: syntax error: %s; %s",
			                    place.file, place.line, text, syntax_cures[i].cure);
	}
	return config_error(reader->error,
	                    "%s:%u: syntax error: something is missing or too much here; settings "
	                    "are NAME = VALUE; strings stand in double quotes, and list elements "
	                    "need a comma between them",
	                    place.file, place.line);
}

/* The folder of `path`, absolute and with a final '/'; NULL when it cannot be found out. */
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

static bool read_tree(struct config_reader *reader, struct config_text *text, config_t *tree,
                      struct config *config)
{
	config->path = arena_copy(config->arena, config->path, strlen(config->path));
	reader->folder = absolute_folder(config->arena, config->path);
	if (!reader->folder)
		return config_error(reader->error,
		                    "%s: its folder cannot be found; name the configuration by an "
		                    "absolute path",
		                    config->path);
	if (config_read_string(tree, config_text_data(text)) != CONFIG_TRUE)
		return syntax_error(reader, tree);
	config_text_drop(text);
	return config_root_read(reader, config_root_setting(tree), config);
}

static struct config *load_text(struct config_text *text, const char *path, char *error)
{
	struct arena *arena = arena_new();
	struct config *config = arena_alloc(arena, 1, sizeof(*config));
	struct config_reader reader = {
		.error = error, .text = text, .arena = arena, .names = config_names_new()
	};
	config_t tree;
	bool good;

	config->arena = arena;
	config->path = path;
	config_init(&tree);
	good = read_tree(&reader, text, &tree, config);
	config->has_programs = reader.has_programs;
	config_destroy(&tree);
	config_names_free(reader.names);
	if (good)
		return config;
	arena_free(arena);
	return NULL;
}

struct config *config_load(const char *path, char error[CONFIG_ERROR_MAX])
{
	struct config_text *text = config_scan(path, error);
	struct config *config = NULL;

	if (text)
		config = load_text(text, path, error);
	config_text_free(text);
	/* libconfig's tree is many times the configuration, in small pieces that malloc would keep. */
	malloc_trim(0);
	return config;
}
