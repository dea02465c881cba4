#include "reload/in_force.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "process/cmdline.h"
#include "process/user.h"

static char *copy(const char *text)
{
	return text ? memory_strdup(text) : NULL;
}

void in_force_init(struct in_force *in_force, const struct cmdline *options,
                   const struct config *config)
{
	const char *dir = options->private_dir;

	*in_force = (struct in_force){ .file = options->file, .is_private = dir != NULL };
	if (!dir) {
		in_force->socket = memory_strdup(config->socket);
		in_force->control = memory_strdup(config->control);
		in_force->http = copy(config->http);
		in_force->user = copy(config->user);
		in_force->state_dir = copy(config->state_dir);
	} else if (asprintf(&in_force->socket, "%s/shunt.sock", dir) < 0 ||
	           asprintf(&in_force->control, "%s/control.sock", dir) < 0) {
		log_fatal("out of memory");
	}
}

void in_force_free(struct in_force *in_force)
{
	free(in_force->socket);
	free(in_force->control);
	free(in_force->http);
	free(in_force->user);
	free(in_force->state_dir);
}

static bool differ(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) != 0 : a != b;
}

static void compare_settings(const struct in_force *in_force, const struct config *config)
{
	const struct {
		const char *name, *now, *then;
	} settings[] = { { "socket", in_force->socket, config->socket },
		         { "control", in_force->control, config->control },
		         { "http", in_force->http, config->http },
		         { "user", in_force->user, config->user },
		         { "state_dir", in_force->state_dir, config->state_dir } };

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (differ(settings[i].now, settings[i].then))
			log_warning("%s: %s: the change takes effect at the next start",
			            config->path, settings[i].name);
	}
}

void in_force_compare(const struct in_force *in_force, const struct config *config)
{
	if (!in_force->is_private)
		compare_settings(in_force, config);
	else if (config->notify_count)
		log_info("%s: notify: a private daemon sends no events", config->path);
}

size_t in_force_notify_count(const struct in_force *in_force, const struct config *config)
{
	return in_force->is_private ? 0 : config->notify_count;
}

const char *in_force_reset_socket(const struct in_force *in_force, const struct config *config)
{
	return in_force->is_private ? NULL : config->reset_socket;
}

bool in_force_exec_user(const struct in_force *in_force, const struct config *config,
                        struct spawn_user *user, char error[CONFIG_ERROR_MAX])
{
	char why[SPAWN_USER_ERROR_MAX], line[16] = "";

	*user = (struct spawn_user){ .change = false };
	if ((!config->has_programs && !in_force_notify_count(in_force, config)) ||
	    user_choose(config->exec_user, geteuid(), user, why))
		return true;
	if (config->exec_user_line)
		snprintf(line, sizeof(line), ":%u", config->exec_user_line);
	snprintf(error, CONFIG_ERROR_MAX, "%s%s: exec_user: %s", config->exec_user_file, line, why);
	return false;
}
