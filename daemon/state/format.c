#include "state/format.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

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

const char *saved_boot(char boot[SAVED_BOOT_MAX])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, boot, SAVED_BOOT_MAX - 1) : 0;

	boot[n > 0 ? n : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
	return boot;
}

/* FNV-1a of 64 bits: among 20,000 keys two are the same by a chance of 1e-11. */
static uint64_t hash(const char *key)
{
	uint64_t value = UINT64_C(14695981039346656037);

	for (; *key; key++)
		value = (value ^ (unsigned char)*key) * UINT64_C(1099511628211);
	return value;
}

const char *saved_key(const char *key, char text[SAVED_KEY_MAX])
{
	snprintf(text, SAVED_KEY_MAX, "%016llx", (unsigned long long)hash(key));
	return text;
}

/* --- reading ------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct health_entry *one = a, *other = b;

	return (one->key > other->key) - (one->key < other->key);
}

/* All digits, and nothing else. */
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
	saved->health = xreallocarray(saved->health, saved->count + json_array_size(list) + 1,
	                              sizeof(*saved->health));
	json_array_foreach (list, i, value) {
		struct health_entry *entry = &saved->health[saved->count++];

		entry->state = state;
		if (!read_number(value, 16, &entry->key))
			return false;
	}
	return true;
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

/* NULL: it is what it should be. */
static const char *understand(struct saved *saved, const char *boot, uint64_t now_ms)
{
	const char *of = json_string_value(json_object_get(saved->json, "boot"));
	uint64_t alive_ms;

	if (!json_is_object(saved->json))
		return "it is no JSON object";
	if (json_integer_value(json_object_get(saved->json, "version")) != SAVED_VERSION)
		return "it is of another version";
	if (!of || !read_number(json_object_get(saved->json, "alive"), 10, &alive_ms) ||
	    !records_good(saved_records(saved)) || !read_health(saved, "up", HEALTH_UP) ||
	    !read_health(saved, "down", HEALTH_DOWN))
		return "it is damaged";
	saved->same_boot = *boot && strcmp(of, boot) == 0;
	saved->fresh = saved->same_boot && alive_ms <= now_ms && now_ms - alive_ms < SAVED_FRESH_MS;
	qsort(saved->health, saved->count, sizeof(*saved->health), compare);
	return NULL;
}

struct saved *saved_parse(const char *text, size_t size, const char *boot, uint64_t now_ms,
                          const char **why)
{
	struct saved *saved = xcalloc(1, sizeof(*saved));

	saved->json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	*why = understand(saved, boot, now_ms);
	if (!*why)
		return saved;
	saved_free(saved);
	return NULL;
}

void saved_free(struct saved *saved)
{
	if (!saved)
		return;
	json_decref(saved->json);
	free(saved->health);
	free(saved);
}

/* --- asking -------------------------------------------------------------------------------------- */

bool saved_same_boot(const struct saved *saved)
{
	return saved->same_boot;
}

bool saved_is_fresh(const struct saved *saved)
{
	return saved->fresh;
}

enum health_state saved_health(const struct saved *saved, const char *key)
{
	const struct health_entry wanted = { .key = hash(key) };
	const struct health_entry *found;

	if (!saved->fresh || saved->count == 0)
		return HEALTH_UNKNOWN;
	found = bsearch(&wanted, saved->health, saved->count, sizeof(wanted), compare);
	return found ? found->state : HEALTH_UNKNOWN;
}

const json_t *saved_records(const struct saved *saved)
{
	return json_object_get(saved->json, "records");
}
