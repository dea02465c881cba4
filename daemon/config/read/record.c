#include "config/read/record.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "config/name.h"
#include "config/read/check.h"
#include "config/read/fleet.h"
#include "config/read/ports.h"
#include "config/read/request.h"

/* --- endpoints ------------------------------------------------------------------------------- */

static bool same_source(const struct source *a, const struct source *b)
{
	if (a->name && b->name)
		return config_name_length(a->name) == config_name_length(b->name) &&
		       strncasecmp(a->name, b->name, config_name_length(a->name)) == 0;
	return !a->name && !b->name && address_compare(&a->address, &b->address) == 0;
}

/* fe80::/10 (RFC 4291 2.5.6) without an interface: connect() rejects it. */
static bool lacks_zone(const struct address *address)
{
	return address->family == SHUNT_FAMILY_IPV6 && address->byte[0] == 0xfe &&
	       (address->byte[1] & 0xc0) == 0x80 && !address->scope_id;
}

/* Whether it would be an IPv6 address except for its zone. */
static bool has_bad_zone(const char *text)
{
	char plain[ADDRESS_TEXT_MAX];
	size_t length = strcspn(text, "%");
	struct address address;

	if (!text[length] || length >= sizeof(plain))
		return false;
	memcpy(plain, text, length);
	plain[length] = '\0';
	return address_parse(plain, &address) && address.family == SHUNT_FAMILY_IPV6;
}

static bool fail_zone(const struct config_reader *reader, const struct tree *setting,
                      const char *text)
{
	return config_fail(reader, setting,
	                   "\"%.64s\" is link-local and has no zone; write the interface behind "
	                   "it, as in \"fe80::1%%eth0\"",
	                   text);
}

/* Returns a hint for text commonly written instead of an address. */
static const char *address_cure(const char *text)
{
	if (strstr(text, "://"))
		return "write the host alone, without \"://\" and what stands around it";
	if (*text == '[')
		return "write it without brackets, and a port into the check";
	if (strchr(text, ':'))
		return "write the port into the check";
	return "write one, as in \"192.0.2.10\"";
}

/* Reads a literal or, if it is none, a name. */
static bool read_source(const struct config_reader *reader, const struct tree *setting,
                        struct source *source)
{
	const char *text = config_value_text(reader, setting);
	size_t length;

	if (!text)
		return false;
	if (address_parse(text, &source->address))
		return !lacks_zone(&source->address) || fail_zone(reader, setting, text);
	if (has_bad_zone(text))
		return config_fail(reader, setting,
		                   "\"%.64s\" has a zone that is no interface of this host; write "
		                   "an interface's name or number behind the %%",
		                   text);
	length = config_name_length(text);
	if (config_name_fault(text, length))
		return config_fail(reader, setting,
		                   "\"%.64s\" is neither an IP address nor a host name; %s", text,
		                   address_cure(text));
	source->address = (struct address){ 0 };
	source->name = arena_copy(reader->arena, text, strlen(text));
	return true;
}

static bool read_sources(const struct config_group *group, struct endpoint_config *endpoint)
{
	const struct tree *one = group->values[OPT_ENDPOINT_ADDRESS];
	const struct tree *several = group->values[OPT_ENDPOINT_ADDRESSES];
	struct source *sources;
	size_t count = 1;

	if (one && several)
		return config_fail(group->reader, several,
		                   "stands beside address; move that one in here");
	if (!one && !several)
		return config_fail_missing(group, OPT_ENDPOINT_ADDRESS,
		                           "an IP address or a host name, as in address = "
		                           "\"192.0.2.10\"");
	if (several && !config_value_list(group, OPT_ENDPOINT_ADDRESSES, &count))
		return false;
	sources = arena_alloc(group->reader->arena, count, sizeof(*sources));
	for (size_t i = 0; i < count; i++) {
		const struct tree *value = one ? one : several->elements[i];

		if (!read_source(group->reader, value, &sources[i]))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (same_source(&sources[i], &sources[j]))
				return config_fail(group->reader, value,
				                   "stands twice in this list; remove one");
		}
	}
	endpoint->sources = sources;
	endpoint->source_count = (uint32_t)count;
	return true;
}

/* A literal must be of the family given. */
static bool read_family(const struct config_group *group, struct endpoint_config *endpoint)
{
	static const char *const families[] = { "IPv4", "IPv6" };
	static const unsigned wanted[] = { SHUNT_FAMILY_IPV4, SHUNT_FAMILY_IPV6 };
	char text[ADDRESS_TEXT_MAX];
	int family;

	if (!config_value_word(group, OPT_ENDPOINT_FAMILY, family_words, &family))
		return false;
	endpoint->family = (enum endpoint_family)family;
	for (size_t i = 0; i < endpoint->source_count && family != FAMILY_ANY; i++) {
		const struct source *source = &endpoint->sources[i];

		if (!source->name && source->address.family != wanted[family])
			return config_fail(group->reader, group->values[OPT_ENDPOINT_FAMILY],
			                   "%s is no %s address; remove it, or write \"any\"",
			                   address_format(&source->address, text),
			                   families[family]);
	}
	return true;
}

/* The number of addresses of a name is not known until it is resolved. */
static bool read_min_up(const struct config_group *group, struct endpoint_config *endpoint)
{
	if (!config_value_integer(group, OPT_ENDPOINT_MIN_UP, &endpoint->min_up))
		return false;
	for (size_t i = 0; i < endpoint->source_count; i++) {
		if (endpoint->sources[i].name)
			return true;
	}
	if (endpoint->min_up <= endpoint->source_count)
		return true;
	return config_fail(group->reader, group->values[OPT_ENDPOINT_MIN_UP],
	                   "%u is more than its addresses are; write 1 to %u", endpoint->min_up,
	                   endpoint->source_count);
}

/* The endpoints of a record, while they are read. */
struct endpoints {
	struct endpoint_config list[SHUNT_ENDPOINTS_MAX];
	size_t count;
};

/* `index` is the endpoint's index in its record; 0 is the primary. */
static bool read_id(const struct config_group *group, size_t index,
                    struct endpoint_config *endpoint)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	static const char *const usual[SHUNT_ENDPOINTS_MAX] = { "primary",     "secondary",
		                                                "secondary-2", "secondary-3",
		                                                "secondary-4", "secondary-5",
		                                                "secondary-6", "secondary-7" };
	const char *text;

	if (!config_value_string(group, OPT_ENDPOINT_ID, &text))
		return false;
	if (text && text[strspn(text, good)])
		return config_fail(group->reader, group->values[OPT_ENDPOINT_ID],
		                   "\"%.64s\" is no id; write a-z, 0-9 and \"-\"", text);
	endpoint->id = text ? text : usual[index];
	return true;
}

static bool check_id_free(const struct config_group *group, const struct endpoints *endpoints,
                          const char *id)
{
	const struct tree *at = group->values[OPT_ENDPOINT_ID];

	for (size_t i = 0; i < endpoints->count; i++) {
		if (strcmp(endpoints->list[i].id, id) == 0)
			return config_fail(
			        group->reader, at ? at : group->setting,
			        "another endpoint of this record has the id \"%s\"; write "
			        "id = \"...\" with another",
			        id);
	}
	return true;
}

/* A hostile DNS server must not be able to obtain data meant only for the right server. */
static bool check_secret(const struct config_group *group, const struct endpoint_config *endpoint,
                         const struct check *check)
{
	bool named = false;

	for (size_t i = 0; i < endpoint->source_count; i++)
		named = named || endpoint->sources[i].name;
	if (!named || !config_request_is_secret(check) ||
	    (check->type == CHECK_HTTPS && check->tls_verify))
		return true;
	return config_fail(group->reader, group->values[OPT_ENDPOINT_CHECK],
	                   "would send a password wherever the DNS points; write type = \"https\" "
	                   "with tls_verify, or the endpoint's IP address");
}

/* The kernel does not bind a socket of one family to an address of the other. */
static bool check_families(const struct config_group *group, const struct endpoint_config *endpoint,
                           const struct check *check)
{
	char from[ADDRESS_TEXT_MAX], to[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < endpoint->source_count; i++) {
		const struct source *source = &endpoint->sources[i];

		if (!check->source.family || source->name ||
		    source->address.family == check->source.family)
			continue;
		return config_fail(
		        group->reader, group->values[OPT_ENDPOINT_CHECK],
		        "connects from %s, which cannot reach %s; write a source of that "
		        "kind, or an interface",
		        address_format(&check->source, from), address_format(&source->address, to));
	}
	return true;
}

/* Whether the check, and all checks that it is calculated from, can be applied to the endpoint. */
static bool check_fits(const struct config_group *group, const struct endpoint_config *endpoint,
                       const struct check *check)
{
	for (size_t i = 0; i < check->of_count; i++) {
		if (!check_fits(group, endpoint, check->of[i]))
			return false;
	}
	return check_secret(group, endpoint, check) && check_families(group, endpoint, check);
}

static bool read_endpoint_check(const struct config_group *group, struct endpoint_config *endpoint)
{
	const struct tree *value = group->values[OPT_ENDPOINT_CHECK];

	if (!value)
		return true;
	return config_check_of(group->reader, value, &endpoint->check) &&
	       check_fits(group, endpoint, endpoint->check);
}

static bool add_endpoint(struct config_reader *reader, const struct tree *setting,
                         struct endpoints *endpoints)
{
	struct endpoint_config *endpoint = &endpoints->list[endpoints->count];
	struct config_group group;

	if (!config_group_open(reader, setting, SCOPE_ENDPOINT, &group) ||
	    !read_id(&group, endpoints->count, endpoint) ||
	    !check_id_free(&group, endpoints, endpoint->id) || !read_sources(&group, endpoint) ||
	    !read_min_up(&group, endpoint) ||
	    !config_value_bool(&group, OPT_ENDPOINT_ALLOW_LOCAL, &endpoint->allow_local) ||
	    !read_family(&group, endpoint) || !read_endpoint_check(&group, endpoint))
		return false;
	endpoints->count++;
	return true;
}

/* --- records --------------------------------------------------------------------------------- */

static bool collect_endpoints(const struct config_group *group, struct endpoints *endpoints)
{
	const struct tree *primary = group->values[OPT_RECORD_PRIMARY];
	const struct tree *secondary = group->values[OPT_RECORD_SECONDARY];
	size_t count;

	if (!primary)
		return config_fail_missing(group, OPT_RECORD_PRIMARY,
		                           "primary: { address = \"...\"; }");
	if (!add_endpoint(group->reader, primary, endpoints))
		return false;
	if (!secondary)
		return true;
	if (tree_is_group(secondary))
		return add_endpoint(group->reader, secondary, endpoints);
	if (secondary->type != TREE_LIST)
		return config_fail(
		        group->reader, secondary,
		        "must be an endpoint or a list of them; write { address = ...; } or "
		        "( { ... }, { ... } )");
	if (!config_value_list(group, OPT_RECORD_SECONDARY, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!add_endpoint(group->reader, secondary->elements[i], endpoints))
			return false;
	}
	return true;
}

static bool read_endpoints(const struct config_group *group, struct record_config *record)
{
	struct endpoints endpoints = { .count = 0 };
	struct endpoint_config *kept;

	if (!collect_endpoints(group, &endpoints))
		return false;
	kept = arena_alloc(group->reader->arena, endpoints.count, sizeof(*kept));
	memcpy(kept, endpoints.list, endpoints.count * sizeof(*kept));
	record->endpoints = kept;
	record->endpoint_count = endpoints.count;
	return true;
}

static bool read_policy(const struct config_group *group, struct election_policy *policy)
{
	int failback, all_down;

	if (!config_value_word(group, OPT_RECORD_FAILBACK, failback_words, &failback) ||
	    !config_value_duration(group, OPT_RECORD_FAILBACK_DELAY, &policy->failback_delay_ms) ||
	    !config_value_duration(group, OPT_RECORD_FLAP_PENALTY, &policy->flap_penalty_ms) ||
	    !config_value_duration(group, OPT_RECORD_FLAP_WINDOW, &policy->flap_window_ms) ||
	    !config_value_duration(group, OPT_RECORD_FAILBACK_MAX, &policy->failback_max_ms) ||
	    !config_value_word(group, OPT_RECORD_ALL_DOWN, all_down_words, &all_down))
		return false;
	policy->failback = (enum failback)failback;
	policy->all_down = (enum all_down)all_down;
	return true;
}

static bool read_words(const struct config_group *group, struct record_config *record)
{
	int isolation, connect;

	if (!config_value_word(group, OPT_RECORD_ISOLATION, isolation_words, &isolation) ||
	    !config_value_word(group, OPT_RECORD_CONNECT, connect_words, &connect))
		return false;
	record->isolation = (enum isolation_option)isolation;
	record->connect = (enum connect_option)connect;
	return true;
}

/* A name has no port: without one, nobody knows which connections are the record's. */
static bool read_reset(const struct config_group *group, enum option option,
                       const struct record_config *record, enum reset_option *out)
{
	int reset;

	if (!config_value_word(group, option, reset_words, &reset))
		return false;
	*out = (enum reset_option)reset;
	if (*out == RESET_KEEP || record->port_count > 0)
		return true;
	return config_fail(group->reader, group->values[option],
	                   "resets connections, and no port is known; write the service's, as in "
	                   "ports = [ 443 ]");
}

static bool read_resets(const struct config_group *group, struct record_config *record)
{
	return read_reset(group, OPT_RECORD_ON_LEAVE, record, &record->on_leave) &&
	       read_reset(group, OPT_RECORD_ON_RETURN, record, &record->on_return);
}

static bool claim_name(struct config_reader *reader, const char *name, const struct tree *at)
{
	const struct tree *other = config_names_add(reader->names, name, at);
	struct config_place place;

	if (!other)
		return true;
	place = config_group_place(reader, other);
	return config_fail(reader, at, "\"%s\" stands already at %s:%u; remove one of the two",
	                   name, place.file, place.line);
}

static bool read_names(const struct config_group *group, struct record_config *record)
{
	struct config_reader *reader = group->reader;
	const struct tree *aliases = group->values[OPT_RECORD_ALIASES];

	if (!group->values[OPT_RECORD_NAME])
		return config_fail_missing(group, OPT_RECORD_NAME,
		                           "the name that programs look up, as in name = "
		                           "\"www.example.com\"");
	if (!config_value_host(group, OPT_RECORD_NAME, false, &record->name) ||
	    !claim_name(reader, record->name, group->values[OPT_RECORD_NAME]) ||
	    !config_value_hosts(group, OPT_RECORD_ALIASES, &record->aliases, &record->alias_count))
		return false;
	for (size_t i = 0; i < record->alias_count; i++) {
		if (!claim_name(reader, record->aliases[i], aliases->elements[i]))
			return false;
	}
	return true;
}

static bool read_record(struct config_reader *reader, const struct tree *setting,
                        struct record_config *record)
{
	struct config_group group;

	return config_group_open(reader, setting, SCOPE_RECORD, &group) &&
	       read_names(&group, record) && read_policy(&group, &record->policy) &&
	       read_words(&group, record) && read_endpoints(&group, record) &&
	       config_ports_read(&group, record) && read_resets(&group, record) &&
	       config_fleet_read_record(&group, record);
}

bool config_records_read(const struct config_group *file, struct config *config)
{
	const struct tree *setting = file->values[OPT_FILE_RECORDS];
	struct config_reader *reader = file->reader;
	struct record_config *records;

	if (!setting)
		return config_fail_missing(file, OPT_FILE_RECORDS,
		                           "records: ( { ... }, { ... } );");
	if (!tree_may_hold_groups(setting))
		return config_fail(reader, setting, "must be a list of records; write ( { ... } )");
	config->record_count = (size_t)setting->length;
	records = arena_alloc(reader->arena, config->record_count, sizeof(*records));
	config->records = records;
	for (size_t i = 0; i < config->record_count; i++) {
		if (!read_record(reader, setting->elements[i], &records[i]))
			return false;
		config->has_resets |=
		        records[i].on_leave == RESET_RESET || records[i].on_return == RESET_RESET;
	}
	return true;
}
