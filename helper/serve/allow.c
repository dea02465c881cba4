#include "serve/allow.h"

#include <string.h>

#include "base/arena.h"
#include "base/duration.h"
#include "config/cgroup.h"
#include "config/config.h"
#include "config/name.h"
#include "config/parse.h"
#include "config/scan.h"

#include "shunt/door.h"
#include "shunt/table.h"

#define RATE_DEFAULT 1000u
#define RATE_MAX 100000u
#define STALE_DEFAULT 600000u
#define DEPTH_MAX 16u /* of checks that are calculated from others; the daemon allows 8 */

struct record {
	const uint16_t *ports;
	size_t port_count;
	const struct address *addresses;
	size_t address_count;
	bool named, local; /* an endpoint is given by name; and may have local addresses */
};

struct allow {
	struct arena *arena;
	struct record *records;
	size_t count;
	const char *doors[CONFIG_DOORS_MAX];
	size_t door_count;
	uint32_t rate;
	uint32_t stale_limit;
};

/* --- settings --------------------------------------------------------------------------------- */

static const struct tree *member(const struct tree *group, const char *name)
{
	for (int i = 0; group && tree_is_group(group) && i < group->length; i++) {
		if (strcmp(group->elements[i]->name, name) == 0)
			return group->elements[i];
	}
	return NULL;
}

static const char *text_of(const struct tree *setting)
{
	return setting && setting->type == TREE_STRING ? setting->text : "";
}

/* A setting that is one thing or a list of them, as a list. */
static size_t elements(const struct tree *setting, const struct tree *const **out,
                       const struct tree **one)
{
	if (!setting)
		return 0;
	*one = setting;
	*out = tree_is_list(setting) ? setting->elements : one;
	return tree_is_list(setting) ? (size_t)setting->length : 1;
}

/* --- ports ------------------------------------------------------------------------------------ */

#define PORTS_ROOM 4096u /* with repetitions */

struct ports {
	uint16_t port[PORTS_ROOM];
	size_t count;
};

static void add_port(struct ports *ports, int port)
{
	for (size_t i = 0; i < ports->count; i++) {
		if (ports->port[i] == port)
			return;
	}
	if (port >= 1 && port <= 65535 && ports->count < PORTS_ROOM)
		ports->port[ports->count++] = (uint16_t)port;
}

static int default_port(const char *type)
{
	return strcmp(type, "http") == 0 ? 80 : strcmp(type, "https") == 0 ? 443 : 0;
}

/* `check` is a check, or its name in `checks`. */
static void add_check(struct ports *ports, const struct tree *checks, const struct tree *check,
                      unsigned depth)
{
	const struct tree *port, *one, *const *of;
	size_t count;

	if (check && check->type == TREE_STRING)
		check = member(checks, check->text);
	if (!check || depth > DEPTH_MAX)
		return;
	port = member(check, "port");
	add_port(ports, port && port->type == TREE_INT
	                        ? port->number
	                        : default_port(text_of(member(check, "type"))));
	count = elements(member(check, "of"), &of, &one);
	for (size_t i = 0; i < count; i++)
		add_check(ports, checks, of[i], depth + 1);
}

static void add_written(struct ports *ports, const struct tree *list)
{
	const struct tree *one, *const *values;
	size_t count = elements(list, &values, &one);

	for (size_t i = 0; i < count; i++)
		add_port(ports, values[i]->type == TREE_INT ? values[i]->number : 0);
}

/* --- records ---------------------------------------------------------------------------------- */

/* Counts the address if `out` is NULL. */
static void read_address(struct record *record, const struct tree *endpoint,
                         const struct tree *value, struct address *out)
{
	const struct tree *local = member(endpoint, "allow_local");
	const char *text = text_of(value);
	struct address address;

	if (!address_parse(text, &address)) {
		/* An address with the zone of an interface that is not here is no name. */
		if (!*text || config_name_fault(text, config_name_length(text)))
			return;
		record->named = true;
		record->local |= local && local->type == TREE_BOOL && local->number;
		return;
	}
	if (out)
		out[record->address_count] = address_unmapped(&address);
	record->address_count++;
}

static void read_endpoints(struct record *record, const struct tree *setting, struct address *out)
{
	const struct tree *one, *const *endpoints, *single, *const *values;
	size_t count = elements(setting, &endpoints, &one), value_count;

	for (size_t i = 0; i < count; i++) {
		const struct tree *several = member(endpoints[i], "addresses");

		value_count = elements(several ? several : member(endpoints[i], "address"), &values,
		                       &single);
		for (size_t k = 0; k < value_count; k++)
			read_address(record, endpoints[i], values[k], out);
	}
}

static void read_both(struct record *record, const struct tree *setting, struct address *out)
{
	record->address_count = 0;
	read_endpoints(record, member(setting, "primary"), out);
	read_endpoints(record, member(setting, "secondary"), out);
}

static void read_checks(struct ports *ports, const struct tree *checks, const struct tree *setting)
{
	const struct tree *one, *const *endpoints;
	size_t count = elements(setting, &endpoints, &one);

	for (size_t i = 0; i < count; i++)
		add_check(ports, checks, member(endpoints[i], "check"), 0);
}

static void read_ports(struct arena *arena, const struct tree *checks, const struct tree *setting,
                       struct record *record)
{
	const struct tree *written = member(setting, "ports");
	struct ports ports;
	uint16_t *kept;

	ports.count = 0;
	add_written(&ports, written);
	if (!written) {
		read_checks(&ports, checks, member(setting, "primary"));
		read_checks(&ports, checks, member(setting, "secondary"));
	}
	kept = arena_alloc(arena, ports.count, sizeof(*kept));
	memcpy(kept, ports.port, ports.count * sizeof(*kept));
	record->ports = kept;
	record->port_count = ports.count;
}

static void read_record(struct arena *arena, const struct tree *checks, const struct tree *setting,
                        struct record *record)
{
	struct address *addresses;

	read_ports(arena, checks, setting, record);
	read_both(record, setting, NULL);
	addresses = arena_alloc(arena, record->address_count, sizeof(*addresses));
	record->addresses = addresses;
	read_both(record, setting, addresses);
}

static uint32_t read_rate(const struct tree *root)
{
	const struct tree *rate = member(root, "reset_rate");

	if (!rate || rate->type != TREE_INT || rate->number < 1)
		return RATE_DEFAULT;
	return (uint32_t)rate->number < RATE_MAX ? (uint32_t)rate->number : RATE_MAX;
}

/* --- doors ------------------------------------------------------------------------------------ */

static void add_door(struct allow *allow, const char *cgroup)
{
	if (allow->door_count < CONFIG_DOORS_MAX && !config_cgroup_fault(cgroup) &&
	    strlen(cgroup) < SHUNT_DOOR_CGROUP_MAX)
		allow->doors[allow->door_count++] =
		        arena_copy(allow->arena, cgroup, strlen(cgroup));
}

static void read_doors(struct allow *allow, const struct tree *root)
{
	const struct tree *one, *const *doors = NULL;
	size_t count = elements(member(root, "door"), &doors, &one);

	for (size_t i = 0; i < count; i++)
		add_door(allow, text_of(member(doors[i], "cgroup")));
}

static uint32_t read_stale_limit(const struct tree *root)
{
	const struct tree *limit = member(root, "stale_limit");
	uint32_t ms;

	return limit && duration_parse(text_of(limit), &ms) == DURATION_OK ? ms : STALE_DEFAULT;
}

/* --- the file --------------------------------------------------------------------------------- */

static struct allow *read_root(const struct tree *root)
{
	struct arena *arena = arena_new();
	struct allow *allow = arena_alloc(arena, 1, sizeof(*allow));
	const struct tree *one, *const *records = NULL;

	allow->arena = arena;
	allow->rate = read_rate(root);
	allow->stale_limit = read_stale_limit(root);
	read_doors(allow, root);
	allow->count = elements(member(root, "records"), &records, &one);
	allow->records = arena_alloc(arena, allow->count, sizeof(*allow->records));
	for (size_t i = 0; i < allow->count; i++)
		read_record(arena, member(root, "checks"), records[i], &allow->records[i]);
	return allow;
}

static bool fail_syntax(const char *path, const struct config_parsed *parsed,
                        char error[CONFIG_ERROR_MAX])
{
	return config_error(error, "%s: cannot be parsed: %s; shuntd -t shows where", path,
	                    parsed->error ? parsed->error : parsed->why);
}

struct allow *allow_load(const char *path, char error[CONFIG_ERROR_MAX])
{
	struct config_text *text = config_scan_trusted(path, error);
	struct config_parsed parsed = { .root = NULL };
	struct allow *allow = NULL;

	if (!text)
		return NULL;
	config_parse(config_text_data(text), &parsed);
	if (parsed.root)
		allow = read_root(parsed.root);
	else
		fail_syntax(path, &parsed, error);
	config_parsed_free(&parsed);
	config_text_free(text);
	return allow;
}

void allow_free(struct allow *allow)
{
	if (allow)
		arena_free(allow->arena);
}

/* --- questions -------------------------------------------------------------------------------- */

static bool has_port(const struct record *record, uint16_t port)
{
	for (size_t i = 0; i < record->port_count; i++) {
		if (record->ports[i] == port)
			return true;
	}
	return false;
}

static bool has_address(const struct record *record, const struct address *peer)
{
	if (record->named && (record->local || !address_is_local(peer)))
		return true;
	for (size_t i = 0; i < record->address_count; i++) {
		if (address_compare(&record->addresses[i], peer) == 0)
			return true;
	}
	return false;
}

bool allow_reset(const struct allow *allow, const struct address *peer, uint16_t port)
{
	for (size_t i = 0; i < allow->count; i++) {
		if (has_port(&allow->records[i], port) && has_address(&allow->records[i], peer))
			return true;
	}
	return false;
}

static bool is_of_one(const struct record *record, const struct address *from,
                      const struct address *to, uint16_t port)
{
	return has_port(record, port) && has_address(record, from) && has_address(record, to);
}

bool allow_lead(const struct allow *allow, const struct address *from, const struct address *to,
                uint16_t port, size_t *hint)
{
	for (size_t i = 0; i < allow->count; i++) {
		const size_t at = (*hint + i) % allow->count;

		if (is_of_one(&allow->records[at], from, to, port)) {
			*hint = at;
			return true;
		}
	}
	return false;
}

size_t allow_door_count(const struct allow *allow)
{
	return allow->door_count;
}

const char *allow_door(const struct allow *allow, size_t index)
{
	return allow->doors[index];
}

uint32_t allow_stale_limit(const struct allow *allow)
{
	return allow->stale_limit;
}

uint32_t allow_rate(const struct allow *allow)
{
	return allow->rate;
}
