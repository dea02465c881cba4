#include "fleet/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/printable.h"
#include "config/name.h"

static const char *const health_names[] = {
	[HEALTH_UNKNOWN] = "unknown", [HEALTH_UP] = "up", [HEALTH_DOWN] = "down"
};

/* --- texts ------------------------------------------------------------------------------------ */

bool value_is_name(const char *text)
{
	const size_t length = strlen(text);

	return length > 0 && length <= FLEET_NAME_MAX &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
	               length;
}

/* The id of an endpoint, "dns" or "fail". */
static bool is_answer(const char *text)
{
	const size_t length = strlen(text);

	return length > 0 && length <= SHUNT_ID_MAX &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static bool is_record(const char *text)
{
	const size_t length = strlen(text);

	return length <= SHUNT_NAME_MAX && !config_name_fault(text, length);
}

static bool is_version(const char *text)
{
	const size_t length = strlen(text);

	for (const char *p = text; *p; p++) {
		if (*p <= ' ' || *p > '~')
			return false;
	}
	return length > 0 && length <= VALUE_VERSION_MAX;
}

static bool is_id(const char *text)
{
	return strlen(text) == VALUE_ID_LENGTH &&
	       strspn(text, "0123456789abcdef") == VALUE_ID_LENGTH;
}

/* The string of that name if it is `good`; NULL if not. */
static const char *string_of(const json_t *object, const char *name, bool (*good)(const char *))
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && good(text) ? text : NULL;
}

static const char *copy(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}

/* Seconds since 1970; false if it is no number that could be. */
static bool read_time(const json_t *value, time_t *out)
{
	const json_int_t number = json_integer_value(value);

	*out = (time_t)number;
	return json_is_integer(value) && number >= 0 && number < (INT64_C(1) << 40);
}

/* A version that this program does not know is malformed. */
static json_t *load(const char *text, size_t length)
{
	json_error_t error;
	json_t *root = length <= VALUE_MAX
	                       ? json_loadb(text, length, JSON_REJECT_DUPLICATES, &error)
	                       : NULL;

	if (json_integer_value(json_object_get(root, "v")) == 1)
		return root;
	json_decref(root);
	return NULL;
}

/* --- hosts ------------------------------------------------------------------------------------ */

static bool read_health(const char *word, enum health_state *out)
{
	for (int i = 0; i < 3; i++) {
		if (word && strcmp(word, health_names[i]) == 0) {
			*out = (enum health_state)i;
			return true;
		}
	}
	return false;
}

static bool read_healths(json_t *healths, struct arena *arena, struct fleet_host_vote *vote)
{
	const char *id;
	json_t *value;

	if (!json_is_object(healths) || json_object_size(healths) == 0 ||
	    json_object_size(healths) > SHUNT_ENDPOINTS_MAX)
		return false;
	json_object_foreach(healths, id, value)
	{
		if (!is_answer(id) ||
		    !read_health(json_string_value(value), &vote->health[vote->count]))
			return false;
		vote->ids[vote->count++] = copy(arena, id);
	}
	return true;
}

static bool read_vote(const char *record, const json_t *value, struct arena *arena,
                      struct fleet_host_vote *vote)
{
	const char *prefers = string_of(value, "prefers", is_answer);
	const char *answers = string_of(value, "answers", is_answer);

	if (!is_record(record) || !prefers || !answers ||
	    !read_healths(json_object_get(value, "health"), arena, vote) ||
	    !read_time(json_object_get(value, "since"), &vote->since))
		return false;
	vote->record = copy(arena, record);
	vote->prefers = copy(arena, prefers);
	vote->answers = copy(arena, answers);
	return true;
}

static int by_record(const void *a, const void *b)
{
	return strcasecmp(((const struct fleet_host_vote *)a)->record,
	                  ((const struct fleet_host_vote *)b)->record);
}

/* Records whose names differ in case only are one. */
static bool sort_votes(struct value_host *host)
{
	qsort(host->votes, host->count, sizeof(*host->votes), by_record);
	for (size_t i = 1; i < host->count; i++) {
		if (by_record(&host->votes[i - 1], &host->votes[i]) == 0)
			return false;
	}
	return true;
}

static bool read_votes(json_t *records, struct value_host *host)
{
	const char *record;
	json_t *value;

	if (!json_is_object(records) || json_object_size(records) > VALUE_VOTES_MAX)
		return false;
	host->votes = arena_alloc(host->arena, json_object_size(records) + 1, sizeof(*host->votes));
	json_object_foreach(records, record, value)
	{
		if (!read_vote(record, value, host->arena, &host->votes[host->count]))
			return false;
		host->count++;
	}
	return sort_votes(host);
}

static bool read_host(const json_t *root, struct value_host *host)
{
	const char *id = string_of(root, "id", is_id);
	const char *site = string_of(root, "site", value_is_name);
	const char *version = string_of(root, "version", is_version);
	const json_t *isolated = json_object_get(root, "isolated");

	if (!id || !site || !version || !json_is_boolean(isolated))
		return false;
	memcpy(host->id, id, sizeof(host->id));
	host->site = copy(host->arena, site);
	host->version = copy(host->arena, version);
	host->isolated = json_is_true(isolated);
	return read_votes(json_object_get(root, "records"), host);
}

struct value_host *value_host_parse(const char *text, size_t length)
{
	json_t *root = load(text, length);
	struct arena *arena = root ? arena_new() : NULL;
	struct value_host *host = arena ? arena_alloc(arena, 1, sizeof(*host)) : NULL;

	if (host)
		host->arena = arena;
	if (host && !read_host(root, host)) {
		value_host_free(host);
		host = NULL;
	}
	json_decref(root);
	return host;
}

void value_host_free(struct value_host *host)
{
	if (host)
		arena_free(host->arena);
}

const struct fleet_host_vote *value_host_find(const struct value_host *host, const char *record)
{
	const struct fleet_host_vote key = { .record = record };

	if (host->count == 0)
		return NULL;
	return bsearch(&key, host->votes, host->count, sizeof(key), by_record);
}

static json_t *pack_vote(const struct fleet_host_vote *vote)
{
	json_t *health = json_object();

	for (size_t i = 0; i < vote->count; i++)
		json_object_set_new(health, vote->ids[i],
		                    json_string(health_names[vote->health[i]]));
	return json_pack("{s:o, s:s, s:s, s:I}", "health", health, "prefers", vote->prefers,
	                 "answers", vote->answers, "since", (json_int_t)vote->since);
}

/* Bytes that a vote takes in the text, or some more. */
static size_t size_of(const struct fleet_host_vote *vote)
{
	size_t size = strlen(vote->record) + strlen(vote->prefers) + strlen(vote->answers) + 96;

	for (size_t i = 0; i < vote->count; i++)
		size += strlen(vote->ids[i]) + 16;
	return size;
}

char *value_host_format(const struct value_host *host, size_t *left_out)
{
	json_t *records = json_object(), *root;
	size_t size = 512;
	char *text;

	*left_out = 0;
	for (size_t i = 0; i < host->count; i++) {
		size += size_of(&host->votes[i]);
		if (size > VALUE_MAX)
			++*left_out;
		else
			json_object_set_new(records, host->votes[i].record,
			                    pack_vote(&host->votes[i]));
	}
	root = json_pack("{s:i, s:s, s:s, s:s, s:b, s:o}", "v", 1, "id", host->id, "site",
	                 host->site, "version", host->version, "isolated", host->isolated,
	                 "records", records);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (!text)
		log_fatal("out of memory");
	return text;
}

/* --- orders ----------------------------------------------------------------------------------- */

static bool read_hosts(json_t *hosts, struct arena *arena, struct fleet_order *order)
{
	const size_t count = json_array_size(hosts);
	const char **names;

	if (json_is_null(hosts))
		return true;
	if (count == 0 || count > FLEET_ORDER_HOSTS_MAX)
		return false;
	names = arena_alloc(arena, count, sizeof(*names));
	order->hosts = names;
	for (; order->host_count < count; order->host_count++) {
		const char *name = json_string_value(json_array_get(hosts, order->host_count));

		if (!name || !value_is_name(name))
			return false;
		names[order->host_count] = copy(arena, name);
	}
	return true;
}

static bool read_order(json_t *root, struct arena *arena, struct fleet_order *order)
{
	const char *endpoint = json_string_value(json_object_get(root, "endpoint"));
	const char *by = json_string_value(json_object_get(root, "by"));
	const char *reason = json_string_value(json_object_get(root, "reason"));
	const json_t *until = json_object_get(root, "until");

	if (!endpoint || !by || !reason || (*endpoint && !is_answer(endpoint)) ||
	    !read_time(json_object_get(root, "since"), &order->since) ||
	    (!json_is_null(until) && !read_time(until, &order->until)))
		return false;
	memcpy(order->endpoint, endpoint, strlen(endpoint) + 1);
	printable_clean(order->by, sizeof(order->by), by);
	printable_clean(order->reason, sizeof(order->reason), reason);
	return read_hosts(json_object_get(root, "hosts"), arena, order);
}

struct value_order *value_order_parse(const char *text, size_t length)
{
	json_t *root = load(text, length);
	struct arena *arena = root ? arena_new() : NULL;
	struct value_order *order = arena ? arena_alloc(arena, 1, sizeof(*order)) : NULL;

	if (order)
		order->arena = arena;
	if (order && !read_order(root, arena, &order->order)) {
		value_order_free(order);
		order = NULL;
	}
	json_decref(root);
	return order;
}

void value_order_free(struct value_order *order)
{
	if (order)
		arena_free(order->arena);
}

char *value_order_format(const struct fleet_order *order)
{
	json_t *hosts = order->hosts ? json_array() : json_null(), *root;
	char *text;

	for (size_t i = 0; order->hosts && i < order->host_count; i++)
		json_array_append_new(hosts, json_string(order->hosts[i]));
	root = json_pack("{s:i, s:s, s:o, s:o, s:I, s:o, s:o}", "v", 1, "endpoint", order->endpoint,
	                 "by", json_text(order->by), "reason", json_text(order->reason), "since",
	                 (json_int_t)order->since, "until",
	                 order->until ? json_integer((json_int_t)order->until) : json_null(),
	                 "hosts", hosts);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (!text)
		log_fatal("out of memory");
	return text;
}
