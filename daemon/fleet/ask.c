#include "fleet/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/log.h"
#include "base/memory.h"
#include "fleet/coding.h"

/* Takes the reference. */
static char *text_of(json_t *root)
{
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	if (!text)
		log_fatal("out of memory");
	return text;
}

static json_t *number(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_string(text);
}

static json_t *bytes(const void *data, size_t length)
{
	char *text = coding_encode(data, length);
	json_t *value = json_string(text);

	free(text);
	return value;
}

static json_t *key_of(const char *key)
{
	return bytes(key, strlen(key));
}

/* The first key after all those that begin with `prefix`: '/' + 1 is '0'. */
static json_t *end_of(const char *prefix)
{
	char *end = memory_strdup(prefix);
	json_t *value;

	end[strlen(end) - 1]++;
	value = key_of(end);
	free(end);
	return value;
}

char *ask_login(const char *user, const char *password)
{
	return text_of(json_pack("{s:s, s:s}", "name", user, "password", password));
}

char *ask_grant(uint32_t seconds)
{
	return text_of(json_pack("{s:o}", "TTL", number(seconds)));
}

char *ask_lease(uint64_t lease)
{
	return text_of(json_pack("{s:o}", "ID", number(lease)));
}

/* The key behind `after` is that with a zero at its end. */
char *ask_range(const char *prefix, const char *after, unsigned limit, uint64_t revision)
{
	json_t *key = after ? bytes(after, strlen(after) + 1) : key_of(prefix);

	return text_of(json_pack("{s:o, s:o, s:o, s:o}", "key", key, "range_end", end_of(prefix),
	                         "limit", number(limit), "revision", number(revision)));
}

char *ask_watch(const char *prefix, uint64_t revision)
{
	return text_of(json_pack("{s:{s:o, s:o, s:o, s:b}}", "create_request", "key",
	                         key_of(prefix), "range_end", end_of(prefix), "start_revision",
	                         number(revision), "fragment", 1));
}

static json_t *put_of(const char *key, const char *value, uint64_t lease)
{
	return json_pack("{s:o, s:o, s:o}", "key", key_of(key), "value", key_of(value), "lease",
	                 number(lease));
}

char *ask_swap(const char *key, const char *value, uint64_t lease, uint64_t revision)
{
	json_t *compare = json_pack(
	        "{s:o, s:s, s:s, s:o}", "key", key_of(key), "target", revision ? "MOD" : "CREATE",
	        "result", "EQUAL", revision ? "mod_revision" : "create_revision", number(revision));

	return text_of(json_pack("{s:[o], s:[{s:o}]}", "compare", compare, "success", "request_put",
	                         put_of(key, value, lease)));
}

char *ask_put(const char *key, const char *value, uint64_t lease)
{
	return text_of(put_of(key, value, lease));
}
