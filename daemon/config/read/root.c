#include "config/read/root.h"

#include <string.h>

#include "base/arena.h"
#include "config/read/check.h"
#include "config/read/door.h"
#include "config/read/fleet.h"
#include "config/read/notify.h"
#include "config/read/record.h"

/* Stores the place of `option`, in memory owned by the configuration. */
static void keep_place(const struct config_group *group, enum option option, const char **file,
                       unsigned *line)
{
	struct config_place place = config_group_place(group->reader, group->values[option]);

	*file = arena_copy(group->reader->arena, place.file, strlen(place.file));
	*line = place.line;
}

static bool read_sockets(const struct config_group *group, struct config *config)
{
	const struct tree *at = group->values[OPT_FILE_CONTROL];

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
	if (!config->http || config_value_socket_address(config->http, 0, &config->http_address))
		return true;
	return config_fail(group->reader, group->values[OPT_FILE_HTTP],
	                   "\"%.64s\" is no IP address and port; write \"127.0.0.1:9469\" or "
	                   "\"[::1]:9469\"",
	                   config->http);
}

static bool read_resolvers(const struct config_group *group, struct config *config)
{
	struct resolver_address *resolvers;
	const struct tree *one;
	const char *text;

	if (!config_value_list(group, OPT_FILE_RESOLVERS, &config->resolver_count))
		return false;
	resolvers = arena_alloc(group->reader->arena, config->resolver_count, sizeof(*resolvers));
	config->resolvers = resolvers;
	for (size_t i = 0; i < config->resolver_count; i++) {
		one = group->values[OPT_FILE_RESOLVERS]->elements[i];
		text = config_value_text(group->reader, one);
		if (!text)
			return false;
		if (!config_value_socket_address(text, 53, &resolvers[i]))
			return config_fail(group->reader, one,
			                   "\"%.64s\" is no IP address with or without a port; "
			                   "write \"192.0.2.53\", \"192.0.2.53:5353\" or "
			                   "\"[2001:db8::53]:5353\"",
			                   text);
	}
	return true;
}

static bool read_isolation(const struct config_group *group, struct config *config)
{
	int isolation;

	if (!config_value_word(group, OPT_FILE_ISOLATION, isolation_words, &isolation))
		return false;
	config->isolation = (enum isolation_option)isolation;
	return true;
}

static bool read_reset(const struct config_group *group, struct config *config)
{
	keep_place(group, OPT_FILE_RESET_SOCKET, &config->reset_socket_file,
	           &config->reset_socket_line);
	return config_value_path(group, OPT_FILE_RESET_SOCKET, &config->reset_socket) &&
	       config_value_integer(group, OPT_FILE_RESET_RATE, &config->reset_rate);
}

bool config_root_read(struct config_reader *reader, const struct tree *root, struct config *config)
{
	struct config_group group;

	if (!config_group_open(reader, root, SCOPE_FILE, &group))
		return false;
	keep_place(&group, OPT_FILE_RECORDS, &config->records_file, &config->records_line);
	return read_sockets(&group, config) &&
	       config_value_duration(&group, OPT_FILE_STALE_LIMIT, &config->stale_limit) &&
	       read_isolation(&group, config) && read_reset(&group, config) &&
	       read_users(&group, config) && read_http(&group, config) &&
	       read_resolvers(&group, config) && config_notify_read(&group, config) &&
	       config_door_read(&group, config) && config_fleet_read(&group, config) &&
	       config_checks_read(&group) && config_records_read(&group, config);
}
