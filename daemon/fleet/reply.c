#include "fleet/reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/coding.h"

json_t *reply_parse(const char *text, size_t length)
{
	json_error_t error;
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

uint64_t reply_number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	unsigned long long number;
	char *end;

	if (json_is_integer(value) && json_integer_value(value) > 0)
		return (uint64_t)json_integer_value(value);
	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	return *end || errno ? 0 : number;
}

bool reply_true(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

uint64_t reply_revision(const json_t *answer)
{
	return reply_number(json_object_get(answer, "header"), "revision");
}

uint64_t reply_cluster(const json_t *answer)
{
	return reply_number(json_object_get(answer, "header"), "cluster_id");
}

const json_t *reply_result(const json_t *answer)
{
	return json_object_get(answer, "result");
}

/*
 * A text in a unary call's answer, an object in a line of a stream. With etcd 3.5 of Debian the
 * unary call's answer itself is that object, with a code that is not 0.
 */
const char *reply_error(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");
	const char *text = json_string_value(error);

	if (!error && json_integer_value(json_object_get(answer, "code")) != 0)
		error = answer;
	if (!error)
		return NULL;
	if (!text)
		text = json_string_value(json_object_get(error, "message"));
	return text ? text : "an error without a text";
}

static char *decode(const json_t *object, const char *name, size_t *length)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);

	if (value && !text)
		return NULL;
	return coding_decode(text ? text : "", length);
}

/* A key with a zero in it is none of ours. */
static bool read_key(const json_t *kv, bool deleted, struct reply_key *key)
{
	size_t length = 0;

	key->key = decode(kv, "key", &length);
	key->value = decode(kv, "value", &key->length);
	key->revision = reply_number(kv, "mod_revision");
	key->lease = reply_number(kv, "lease");
	key->deleted = deleted;
	return key->key && key->value && length > 0 && strlen(key->key) == length &&
	       key->revision > 0;
}

static bool take(const json_t *kv, bool deleted,
                 void (*found)(void *arg, const struct reply_key *key), void *arg)
{
	struct reply_key key = { .key = NULL };
	const bool good = read_key(kv, deleted, &key);

	if (good)
		found(arg, &key);
	free(key.key);
	free(key.value);
	return good;
}

size_t reply_keys(const json_t *answer, void (*found)(void *arg, const struct reply_key *key),
                  void *arg)
{
	const json_t *keys = json_object_get(answer, "kvs");
	size_t malformed = 0;

	for (size_t i = 0; i < json_array_size(keys); i++)
		malformed += !take(json_array_get(keys, i), false, found, arg);
	return malformed;
}

/* The type of an event is left out for PUT, which is 0. */
static bool is_delete(const json_t *event)
{
	const char *type = json_string_value(json_object_get(event, "type"));

	return type && strcmp(type, "DELETE") == 0;
}

size_t reply_changes(const json_t *result, void (*found)(void *arg, const struct reply_key *key),
                     void *arg)
{
	const json_t *events = json_object_get(result, "events");
	size_t malformed = 0;

	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);

		malformed += !take(json_object_get(event, "kv"), is_delete(event), found, arg);
	}
	return malformed;
}
