#include "server/hints.h"

#include <sys/stat.h>

#include "config/error.h"
#include "connection/budget.h"
#include "door/door.h"
#include "process/environment.h"

static void print_descriptors(const struct config *config, FILE *out)
{
	char line[CONFIG_ERROR_MAX];

	if (budget_hint(config, environment_descriptors_max(), line))
		fprintf(out, "%s\n", line);
}

static void print_door(const struct config *config, FILE *out)
{
	char text[DOOR_HINT_MAX];
	const char *door = door_hint(config, text);

	if (door)
		fprintf(out, "%s: hint: %s\n", config->path, door);
}

/* To connect would start the helper; that there is a socket is what an installation can lack. */
static void print_reset(const struct config *config, FILE *out)
{
	char line[16] = "";
	struct stat status;

	if (!config->has_resets ||
	    (stat(config->reset_socket, &status) == 0 && S_ISSOCK(status.st_mode)))
		return;
	if (config->reset_socket_line)
		snprintf(line, sizeof(line), ":%u", config->reset_socket_line);
	fprintf(out,
	        "%s%s: reset_socket: hint: nobody listens at %s, so that no connections are reset; "
	        "systemctl enable --now shunt-reset.socket\n",
	        config->reset_socket_file, line, config->reset_socket);
}

void hints_print(const struct config *config, FILE *out)
{
	for (const char *const *hint = config->hints; *hint; hint++)
		fprintf(out, "%s\n", *hint);
	print_descriptors(config, out);
	print_door(config, out);
	print_reset(config, out);
}
