#include "config/read/door.h"

#include <string.h>

#include "base/arena.h"
#include "config/cgroup.h"

static bool check_once(const struct config_group *group, const struct config *config,
                       const char *cgroup)
{
	for (size_t i = 0; i < config->door_count; i++) {
		if (strcmp(config->doors[i].cgroup, cgroup) == 0)
			return config_fail(group->reader, group->values[OPT_DOOR_CGROUP],
			                   "stands in another door already; remove one of the two");
	}
	return true;
}

static bool read_one(struct config_reader *reader, const struct tree *setting,
                     struct config *config, struct door_config *door)
{
	struct config_group group;
	const char *fault;

	if (!config_group_open(reader, setting, SCOPE_DOOR, &group))
		return false;
	if (!group.values[OPT_DOOR_CGROUP])
		return config_fail_missing(&group, OPT_DOOR_CGROUP,
		                           "the cgroup of the programs, as in cgroup = "
		                           "\"/system.slice/app.service\"");
	if (!config_value_string(&group, OPT_DOOR_CGROUP, &door->cgroup))
		return false;
	fault = config_cgroup_fault(door->cgroup);
	if (fault)
		return config_fail(reader, group.values[OPT_DOOR_CGROUP], "\"%.64s\" %s",
		                   door->cgroup, fault);
	if (!check_once(&group, config, door->cgroup))
		return false;
	config->door_count++;
	return true;
}

bool config_door_read(const struct config_group *file, struct config *config)
{
	const struct tree *setting = file->values[OPT_FILE_DOOR];
	struct door_config *doors;
	size_t count = 1;

	if (!config_value_path(file, OPT_FILE_DOOR_SOCKET, &config->door_socket))
		return false;
	if (!setting)
		return true;
	if (!tree_is_group(setting) && !tree_may_hold_groups(setting))
		return config_fail(file->reader, setting,
		                   "must be a door or a list of them; write { cgroup = \"...\"; } "
		                   "or ( { ... }, { ... } )");
	if (!tree_is_group(setting) && !config_value_list(file, OPT_FILE_DOOR, &count))
		return false;
	doors = arena_alloc(file->reader->arena, count, sizeof(*doors));
	config->doors = doors;
	if (tree_is_group(setting))
		return read_one(file->reader, setting, config, &doors[0]);
	for (size_t i = 0; i < count; i++) {
		if (!read_one(file->reader, setting->elements[i], config, &doors[i]))
			return false;
	}
	return true;
}
