#include "config/config.h"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config/check.h"
#include "config/error.h"
#include "config/name.h"
#include "config/notify.h"
#include "config/record.h"
#include "config/text.h"
#include "config/value.h"

/* --- the file's own options ------------------------------------------------------------------ */

/* Where `option` stands, in memory that the configuration keeps. */
static void keep_place(const struct config_group *group, enum option option, const char **file,
                       unsigned *line)
{
	struct config_place place = config_value_place(group->reader, group->values[option]);

	*file = arena_copy(group->reader->arena, place.file, strlen(place.file));
	*line = place.line;
}

static bool read_sockets(const struct config_group *group, struct config *config)
{
	const config_setting_t *at = group->values[OPT_FILE_CONTROL];

	keep_place(group, OPT_FILE_SOCKET, &config->socket_file, &config->socket_line);
	keep_place(group, OPT_FILE_CONTROL, &config->control_file, &config->control_line);
	keep_place(group, OPT_FILE_STATE_DIR, &config->state_dir_file, &config->state_dir_line);
	if (!config_value_path(group, OPT_FILE_SOCKET, &config->socket) ||
	    !config_value_path(group, OPT_FILE_CONTROL, &config->control) ||
	    !config_value_path(group, OPT_FILE_STATE_DIR, &config->state_dir))
		return false;
	if (strcmp(config->socket, config->control) != 0)
		return true;
	return config_fail(group->reader, at ? at : group->values[OPT_FILE_SOCKET],
	                   "socket and control are the same path; write another");
}

static bool read_user(const struct config_group *group, enum option option, const char **out)
{
	if (!config_value_string(group, option, out))
		return false;
	for (const char *p = *out; p && *p; p++) {
		if (*p <= ' ' || *p > '~' || strchr(":/,", *p))
			return config_fail(group->reader, group->values[option],
			                   "is no user name; write one of passwd(5)");
	}
	return true;
}

static bool read_users(const struct config_group *group, struct config *config)
{
	keep_place(group, OPT_FILE_USER, &config->user_file, &config->user_line);
	keep_place(group, OPT_FILE_EXEC_USER, &config->exec_user_file, &config->exec_user_line);
	return read_user(group, OPT_FILE_USER, &config->user) &&
	       read_user(group, OPT_FILE_EXEC_USER, &config->exec_user);
}

static bool read_http(const struct config_group *group, struct config *config)
{
	keep_place(group, OPT_FILE_HTTP, &config->http_file, &config->http_line);
	if (!config_value_string(group, OPT_FILE_HTTP, &config->http) ||
	    !config_value_hosts(group, OPT_FILE_HTTP_HOSTS, &config->http_hosts,
	                        &config->http_host_count))
		return false;
	if (!config->http || config_parse_socket_address(config->http, 0, &config->http_address))
		return true;
	return config_fail(group->reader, group->values[OPT_FILE_HTTP],
	                   "\"%.64s\" is no IP address and port; write \"127.0.0.1:9469\" or "
	                   "\"[::1]:9469\"",
	                   config->http);
}

static bool read_resolvers(const struct config_group *group, struct config *config)
{
	struct resolver_address *resolvers;
	const config_setting_t *one;
	const char *text;

	if (!config_value_list(group, OPT_FILE_RESOLVERS, &config->resolver_count))
		return false;
	resolvers = arena_alloc(group->reader->arena, config->resolver_count, sizeof(*resolvers));
	config->resolvers = resolvers;
	for (size_t i = 0; i < config->resolver_count; i++) {
		one = config_setting_get_elem(group->values[OPT_FILE_RESOLVERS], (unsigned)i);
		text = config_text_of(group->reader, one);
		if (!text)
			return false;
		if (!config_parse_socket_address(text, 53, &resolvers[i]))
			return config_fail(group->reader, one,
			                   "\"%.64s\" is no IP address with or without a port; "
			                   "write \"192.0.2.53\", \"192.0.2.53:5353\" or "
			                   "\"[2001:db8::53]:5353\"",
			                   text);
	}
	return true;
}

static bool read_root(struct config_reader *reader, const config_setting_t *root,
                      struct config *config)
{
	struct config_group group;

	if (!config_group_open(reader, root, SCOPE_FILE, &group))
		return false;
	keep_place(&group, OPT_FILE_RECORDS, &config->records_file, &config->records_line);
	return read_sockets(&group, config) &&
	       config_value_duration(&group, OPT_FILE_STALE_LIMIT, &config->stale_limit) &&
	       read_users(&group, config) && read_http(&group, config) &&
	       read_resolvers(&group, config) && config_notify_read(&group, config) &&
	       config_checks_read(&group) && config_records_read(&group, config);
}

/* --- loading --------------------------------------------------------------------------------- */

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
	return read_root(reader, config_root_setting(tree), config);
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
	struct config_text *text = config_text_load(path, error);
	struct config *config = NULL;

	if (text)
		config = load_text(text, path, error);
	config_text_free(text);
	/* libconfig's tree is many times the configuration, in small pieces that malloc would keep. */
	malloc_trim(0);
	return config;
}

void config_free(struct config *config)
{
	if (config)
		arena_free(config->arena);
}
