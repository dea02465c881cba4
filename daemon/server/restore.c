#include "server/restore.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "config/error.h"
#include "reload/in_force.h"
#include "state/format.h"
#include "state/state.h"

struct state *restore_open(const struct in_force *in_force, const struct config *config,
                           const struct passwd *user)
{
	char error[CONFIG_ERROR_MAX];
	struct state *state;

	if (!in_force->state_dir)
		return NULL;
	state = state_open(in_force->state_dir, user ? user->pw_uid : geteuid(),
	                   user ? user->pw_gid : getegid(), error, sizeof(error));
	if (state)
		return state;
	if (config->state_dir_line)
		log_warning("%s:%u: state_dir: %s: %s", config->state_dir_file,
		            config->state_dir_line, in_force->state_dir, error);
	else
		log_warning("%s: state_dir: %s: %s", config->state_dir_file, in_force->state_dir,
		            error);
	return NULL;
}

bool restore_read(const struct state *state, struct saved **saved)
{
	char boot[FORMAT_BOOT_MAX];
	const char *why;
	char *text = NULL;
	size_t size;

	*saved = NULL;
	if (state && !state_read(state, &text, &size))
		return false;
	if (!text)
		return true;
	*saved = format_parse(text, size, format_boot(boot), clock_boot_ms(), &why);
	free(text);
	if (!*saved)
		state_set_aside(state, why);
	return true;
}
