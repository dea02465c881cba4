#include "state/format.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "state/state.h"

#include "shunt/table.h"

struct health_entry {
	uint64_t key;
	enum health_state state;
};

struct saved {
	json_t *json;
	bool same_boot, fresh;
	struct health_entry *health; /* sorted by key */
	size_t count;
};

const char *format_boot(char boot[FORMAT_BOOT_MAX])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, boot, FORMAT_BOOT_MAX - 1) : 0;

	boot[n > 0 ? n : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
	return boot;
}

/* FNV-1a, 64 bits: the probability that two of 20,000 keys collide is 1e-11. */
static uint64_t hash(uint64_t value, const char *text)
{
	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return value;
}

uint64_t format_key(const char *const *parts, size_t count)
{
	uint64_t value = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < count; i++)
		value = hash(hash(value, i ? " " : ""), parts[i]);
	return value;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The name in lower case; it needs no escapes in JSON. */
static const char *lower(const char *name, char text[SHUNT_NAME_MAX + 1])
{
	size_t i = 0;

	for (; i < SHUNT_NAME_MAX && name[i]; i++)
		text[i] = (char)shunt_lower((unsigned char)name[i]);
	text[i] = '\0';
	return text;
}

void format_begin(FILE *out, uint64_t alive_ms)
{
	char boot[FORMAT_BOOT_MAX];

	fprintf(out, STATE_HEAD "%0*llu\", \"version\": %d, \"boot\": \"%s\",\n\"records\": {",
	        STATE_STAMP_DIGITS, (unsigned long long)alive_ms, FORMAT_VERSION,
	        format_boot(boot));
}

static void write_override(const struct format_override *override, FILE *out)
{
	json_t *json = json_pack(
	        "{s:s, s:I, s:s, s:s, s:I, s:I, s:I}", "endpoint", override->endpoint, "uid",
	        (json_int_t) override->uid, "by", override->by, "reason", override->reason, "since",
	        (json_int_t) override->since, "until", (json_int_t) override->until, "deadline",
	        (json_int_t) override->deadline_ms);

	if (!json)
		log_fatal("out of memory");
	fputs(", \"override\": ", out);
	json_dumpf(json, out, 0);
	json_decref(json);
}

/* Written without a JSON library, since the loop does this for thousands of records. */
void format_record(FILE *out, const struct format_record *record, bool first)
{
	char name[SHUNT_NAME_MAX + 1];

	fprintf(out, "%s\"%s\": {\"active\": \"%s\", \"since\": %lld", first ? "\n" : ",\n",
	        lower(record->name, name), record->active, (long long)record->since);
	if (record->returns)
		fprintf(out, ", \"returns\": %llu, \"returned\": %llu",
		        (unsigned long long)record->returns,
		        (unsigned long long)record->returned_ms);
	if (record->endpoint[0])
		fprintf(out, ", \"endpoint\": \"%s\"", record->endpoint);
	if (record->overridden)
		write_override(&record->override, out);
	putc('}', out);
}

void format_health_begin(FILE *out, enum health_state state)
{
	fprintf(out, "%s,\n\"%s\": [", state == HEALTH_UP ? "}" : "]", health_word(state));
}

void format_health_key(FILE *out, uint64_t key, bool first)
{
	fprintf(out, "%s\"%016llx\"", first ? "" : ",\n", (unsigned long long)key);
}

void format_end(FILE *out)
{
	fputs("]}\n", out);
}

/* --- reading ---------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct health_entry *one = a, *other = b;

	return (one->key > other->key) - (one->key < other->key);
}

/* Accepts digits only. */
static bool read_number(const json_t *value, int base, uint64_t *number)
{
	static const char digits[] = "0123456789abcdef";
	const char *text = json_string_value(value);
	size_t length = text ? strlen(text) : 0;
	const char *digit;

	*number = 0;
	if (length == 0 || length > 20)
		return false;
	for (; *text; text++) {
		digit = strchr(digits, *text);
		if (!digit || digit - digits >= base)
			return false;
		*number = *number * (uint64_t)base + (uint64_t)(digit - digits);
	}
	return true;
}

static bool read_health(struct saved *saved, const char *member, enum health_state state)
{
	const json_t *list = json_object_get(saved->json, member);
	json_t *value;
	size_t i;

	if (!json_is_array(list))
		return false;
	saved->health = memory_reallocarray(saved->health, saved->count + json_array_size(list) + 1,
	                                    sizeof(*saved->health));
	json_array_foreach (list, i, value) {
		struct health_entry *entry = &saved->health[saved->count++];

		entry->state = state;
		if (!read_number(value, 16, &entry->key))
			return false;
	}
	return true;
}

static const json_t *records_of(const struct saved *saved)
{
	return json_object_get(saved->json, "records");
}

static bool records_good(const json_t *records)
{
	const char *name;
	json_t *record;

	if (!json_is_object(records))
		return false;
	json_object_foreach((json_t *)records, name, record)
	{
		if (!json_is_object(record))
			return false;
	}
	return true;
}

/* Returns NULL if the document is valid. */
static const char *understand(struct saved *saved, const char *boot, uint64_t now_ms)
{
	const char *of = json_string_value(json_object_get(saved->json, "boot"));
	uint64_t alive_ms;

	if (!json_is_object(saved->json))
		return "it is no JSON object";
	if (json_integer_value(json_object_get(saved->json, "version")) != FORMAT_VERSION)
		return "it is of another version";
	if (!of || !read_number(json_object_get(saved->json, "alive"), 10, &alive_ms) ||
	    !records_good(records_of(saved)) || !read_health(saved, "up", HEALTH_UP) ||
	    !read_health(saved, "down", HEALTH_DOWN))
		return "it is damaged";
	saved->same_boot = *boot && strcmp(of, boot) == 0;
	saved->fresh =
	        saved->same_boot && alive_ms <= now_ms && now_ms - alive_ms < FORMAT_FRESH_MS;
	qsort(saved->health, saved->count, sizeof(*saved->health), compare);
	return NULL;
}

struct saved *format_parse(const char *text, size_t size, const char *boot, uint64_t now_ms,
                           const char **why)
{
	struct saved *saved = memory_calloc(1, sizeof(*saved));

	saved->json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	*why = understand(saved, boot, now_ms);
	if (!*why)
		return saved;
	format_free(saved);
	return NULL;
}

void format_free(struct saved *saved)
{
	if (!saved)
		return;
	json_decref(saved->json);
	free(saved->health);
	free(saved);
}

/* --- queries ---------------------------------------------------------------------------------- */

bool format_same_boot(const struct saved *saved)
{
	return saved->same_boot;
}

bool format_is_fresh(const struct saved *saved)
{
	return saved->fresh;
}

enum health_state format_health(const struct saved *saved, uint64_t key)
{
	const struct health_entry wanted = { .key = key };
	const struct health_entry *found;

	if (!saved->fresh || saved->count == 0)
		return HEALTH_UNKNOWN;
	found = bsearch(&wanted, saved->health, saved->count, sizeof(wanted), compare);
	return found ? found->state : HEALTH_UNKNOWN;
}

static const char *text_of(const json_t *json, const char *member)
{
	const char *text = json_string_value(json_object_get(json, member));

	return text ? text : "";
}

/* A negative value, or one that is not a number, is read as 0. */
static json_int_t number_of(const json_t *json, const char *member)
{
	json_int_t number = json_integer_value(json_object_get(json, member));

	return number > 0 ? number : 0;
}

static struct format_override override_of(const json_t *json)
{
	return (struct format_override){
		.endpoint = text_of(json, "endpoint"),
		.uid = (uid_t)number_of(json, "uid"),
		.by = text_of(json, "by"),
		.reason = text_of(json, "reason"),
		.since = (time_t)number_of(json, "since"),
		.until = (time_t)number_of(json, "until"),
		.deadline_ms = (uint64_t)number_of(json, "deadline"),
	};
}

static void record_of(const char *name, const json_t *json, struct format_record *record)
{
	const json_t *override = json_object_get(json, "override");

	*record = (struct format_record){
		.name = name,
		.active = text_of(json, "active"),
		.since = (time_t)number_of(json, "since"),
		.endpoint = text_of(json, "endpoint"),
		.returns = (uint64_t)number_of(json, "returns"),
		.returned_ms = (uint64_t)number_of(json, "returned"),
		.overridden = override,
		.override = override_of(override),
	};
}

void format_each(const struct saved *saved, format_record_found *found, void *arg)
{
	struct format_record record;
	const char *name;
	json_t *json;

	json_object_foreach((json_t *)records_of(saved), name, json)
	{
		record_of(name, json, &record);
		found(arg, &record);
	}
}

bool format_find(const struct saved *saved, const char *name, struct format_record *record)
{
	char text[SHUNT_NAME_MAX + 1];
	const json_t *json = json_object_get(records_of(saved), lower(name, text));

	record_of("", json, record);
	return json;
}
