#include "server/hints.h"

#include <stdbool.h>
#include <string.h>
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

static size_t count_shared(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->record_count; i++)
		count += config->records[i].rule.scope != BALLOT_LOCAL;
	return count;
}

/* A member on this host, for a try or as a gateway to the others, is no trap. */
static bool is_beyond(const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return strncmp(host, "127.", 4) != 0 && strncmp(host, "[::1]", 5) != 0 &&
	       strncmp(host, "localhost:", 10) != 0;
}

static bool has_plain_member(const struct fleet_config *fleet)
{
	for (size_t i = 0; i < fleet->etcd_count; i++) {
		if (strncmp(fleet->etcd[i], "http:", 5) == 0 && is_beyond(fleet->etcd[i]))
			return true;
	}
	return false;
}

static void print_fleet(const struct config *config, FILE *out)
{
	const struct fleet_config *fleet = config->fleet;

	if (fleet && count_shared(config) == 0)
		fprintf(out,
		        "%s: fleet: hint: no record has a scope, so that each host decides alone; "
		        "write scope = \"quorum\" into one\n",
		        config->path);
	if (fleet && fleet->etcd_count == 1 && is_beyond(fleet->etcd[0]))
		fprintf(out,
		        "%s: fleet.etcd: hint: while this one member is down, hosts have no fleet; "
		        "name all members\n",
		        config->path);
	if (fleet && has_plain_member(fleet))
		fprintf(out,
		        "%s: fleet.etcd: hint: with http, everybody on the way to etcd can vote "
		        "and "
		        "give orders; write https\n",
		        config->path);
}

void hints_print_fleet(const struct config *config, FILE *out)
{
	const struct fleet_config *fleet = config->fleet;

	if (fleet)
		fprintf(out,
		        "%s: fleet: host %s at %s, below %s; %zu of %zu records are the fleet's\n",
		        config->path, fleet->host, fleet->site, fleet->prefix, count_shared(config),
		        config->record_count);
}

void hints_print(const struct config *config, FILE *out)
{
	for (const char *const *hint = config->hints; *hint; hint++)
		fprintf(out, "%s\n", *hint);
	print_descriptors(config, out);
	print_door(config, out);
	print_reset(config, out);
	print_fleet(config, out);
}
