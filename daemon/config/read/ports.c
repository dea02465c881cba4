#include "config/read/ports.h"

#include <string.h>

#include "base/arena.h"

struct ports {
	uint16_t list[CONFIG_PORTS_MAX];
	size_t count;
	bool more; /* there were too many */
};

/* Keeps the list sorted; a port that is in it already is not added. Returns whether it was added. */
static bool add_port(struct ports *ports, uint16_t port)
{
	size_t at = 0;

	while (at < ports->count && ports->list[at] < port)
		at++;
	if (at < ports->count && ports->list[at] == port)
		return false;
	ports->more |= ports->count == CONFIG_PORTS_MAX;
	if (ports->more)
		return false;
	memmove(&ports->list[at + 1], &ports->list[at],
	        (ports->count - at) * sizeof(ports->list[0]));
	ports->list[at] = port;
	ports->count++;
	return true;
}

static void add_check(struct ports *ports, const struct check *check)
{
	if (check->port)
		add_port(ports, check->port);
	for (size_t i = 0; i < check->of_count; i++)
		add_check(ports, check->of[i]);
}

static bool add_written(const struct config_group *group, const struct tree *value,
                        struct ports *ports)
{
	const struct config_option *row = &config_options[OPT_RECORD_PORTS];

	if (value->type != TREE_INT)
		return config_fail(group->reader, value,
		                   "must be a port; write 1 to 65535 without quotes");
	if (value->number < 1 || value->number > 65535)
		return config_fail(group->reader, value, "%d is out of bounds; write 1 to 65535",
		                   value->number);
	return add_port(ports, (uint16_t)value->number) ||
	       config_fail(group->reader, value, "stands twice in %s; remove one", row->name);
}

static bool read_written(const struct config_group *group, struct ports *ports)
{
	const struct tree *list = group->values[OPT_RECORD_PORTS];
	size_t count;

	if (!tree_is_list(list))
		return config_fail(group->reader, list, "must be a list of ports; write [ 443 ]");
	if (!config_value_list(group, OPT_RECORD_PORTS, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!add_written(group, list->elements[i], ports))
			return false;
	}
	return true;
}

bool config_ports_read(const struct config_group *group, struct record_config *record)
{
	struct ports ports = { .count = 0 };
	uint16_t *kept;

	if (group->values[OPT_RECORD_PORTS] && !read_written(group, &ports))
		return false;
	for (size_t i = 0; i < record->endpoint_count && !group->values[OPT_RECORD_PORTS]; i++) {
		if (record->endpoints[i].check)
			add_check(&ports, record->endpoints[i].check);
	}
	if (ports.more)
		ports.count = 0;
	kept = arena_alloc(group->reader->arena, ports.count, sizeof(*kept));
	memcpy(kept, ports.list, ports.count * sizeof(*kept));
	record->ports = kept;
	record->port_count = ports.count;
	return true;
}
