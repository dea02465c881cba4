/*
 * Configuration files, for libFuzzer and for the replay in tests/unit/fuzz. The input is the file.
 * The result must be either a configuration that satisfies its own rules or a one-line error
 * message.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* NOLINTBEGIN(bugprone-suspicious-include) */
#define config_parse_file config_parse_file_in_child
#include "daemon/config/parse.c"
#undef config_parse_file
/* NOLINTEND(bugprone-suspicious-include) */

#include "config/load.h"
#include "tests/fuzz/bytes.h"

/*
 * As in daemon/config/parse.c, but without a process for each input: what the child sends is
 * received immediately.
 */
void config_parse_file(const char *path, struct config_parsed *parsed);
void config_parse_file(const char *path, struct config_parsed *parsed)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);

	HOLDS(out);
	produce(out, &(struct parse_source){ .path = path });
	HOLDS(fclose(out) == 0);
	*parsed = (struct config_parsed){ .blocks = { bytes } };
	take_all(bytes, size, parsed);
	if (parsed->root || parsed->error || parsed->refused)
		parsed->why = NULL;
	HOLDS(!parsed->why);
}

static void check_endpoint(const struct endpoint_config *endpoint)
{
	HOLDS(endpoint->id[0] && strlen(endpoint->id) <= SHUNT_ID_MAX);
	HOLDS(endpoint->source_count > 0 && endpoint->source_count <= SHUNT_ADDRESSES_MAX);
	HOLDS(endpoint->min_up >= 1);
	if (!endpoint->check)
		return;
	HOLDS(endpoint->check->type < CHECK_TYPES && endpoint->check->key);
	HOLDS(endpoint->check->interval > 0 && endpoint->check->timeout > 0);
	HOLDS(endpoint->check->fast_interval <= endpoint->check->interval);
	HOLDS(endpoint->check->rules.fall > 0 && endpoint->check->rules.rise > 0);
	HOLDS(endpoint->check->type != CHECK_TCP || endpoint->check->port > 0);
}

static void check_config(const struct config *config)
{
	HOLDS(config->socket[0] == '/' && config->control[0] == '/');
	for (size_t i = 0; i < config->record_count; i++) {
		const struct record_config *record = &config->records[i];

		HOLDS(record->name[0] && strlen(record->name) <= SHUNT_NAME_MAX);
		HOLDS(record->endpoint_count > 0 && record->endpoint_count <= SHUNT_ENDPOINTS_MAX);
		for (size_t j = 0; j < record->endpoint_count; j++)
			check_endpoint(&record->endpoints[j]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	char path[32], error[CONFIG_ERROR_MAX] = "";
	struct config *config;

	HOLDS(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config = config_load(path, error);
	if (config)
		check_config(config);
	else
		check_line(error);
	config_free(config);
	close(fd);
	return 0;
}
