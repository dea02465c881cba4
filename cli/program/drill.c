#include "program/drill.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/api.h"
#include "api/ask.h"
#include "api/record.h"
#include "base/cli.h"
#include "base/near.h"

#include "shunt/table.h"

#define LIST_MAX 4096 /* SETTINGS_FORCE_MAX of the library, including the terminating zero */
#define NAMES_MAX 10000

struct entry {
	char name[SHUNT_NAME_MAX + 2];
	char id[SHUNT_ID_MAX + 1];
};

/* Copies without surrounding spaces. Returns false if the result is empty or too long. */
static bool copy(const char *start, size_t length, char *to, size_t size)
{
	while (length && *start == ' ') {
		start++;
		length--;
	}
	while (length && start[length - 1] == ' ')
		length--;
	snprintf(to, size, "%.*s", (int)length, start);
	return length > 0 && length < size;
}

static bool parse(const char *text, size_t length, struct entry *entry)
{
	const char *sign = memchr(text, '=', length);

	return sign && copy(text, (size_t)(sign - text), entry->name, sizeof(entry->name)) &&
	       copy(sign + 1, length - (size_t)(sign + 1 - text), entry->id, sizeof(entry->id)) &&
	       !strchr(entry->id, '=');
}

bool drill_is_formed(const char *value)
{
	for (const char *next = value;; next++) {
		size_t length = strcspn(next, ",");
		struct entry entry;

		if (!parse(next, length, &entry)) {
			cli_usage("run", "--force takes NAME=ENDPOINT, not '%s'", value);
			return false;
		}
		next += length;
		if (!*next)
			return true;
	}
}

static bool unknown_name(const json_t *status, const char *name)
{
	const char *names[NAMES_MAX], *nearest;
	json_t *record;
	size_t i, count = 0;

	json_array_foreach (json_object_get(status, "records"), i, record) {
		const char *known = json_string_value(json_object_get(record, "name"));

		if (known && count < NAMES_MAX)
			names[count++] = known;
	}
	nearest = near_find(name, names, count);
	if (nearest)
		cli_error("--force: %s is not a managed name; did you mean %s?", name, nearest);
	else
		cli_error("--force: %s is not a managed name ('shunt status' lists them)", name);
	return false;
}

static const json_t *find_endpoint(const json_t *record, const char *wanted)
{
	json_t *endpoint;
	size_t i;

	json_array_foreach (json_object_get(record, "endpoints"), i, endpoint) {
		if (strcmp(record_field(endpoint, "id"), wanted) == 0)
			return endpoint;
	}
	return NULL;
}

static bool is_known(const json_t *status, const struct entry *entry)
{
	const json_t *record = record_find(status, entry->name);
	char list[SHUNT_ENDPOINTS_MAX * (SHUNT_ID_MAX + 3)] = "";
	json_t *endpoint;
	size_t i;

	if (!record)
		return unknown_name(status, entry->name);
	if (find_endpoint(record, entry->id))
		return true;
	json_array_foreach (json_object_get(record, "endpoints"), i, endpoint) {
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "",
		         record_field(endpoint, "id"));
	}
	cli_error("--force: %s has no endpoint '%s'; it has: %s", entry->name, entry->id, list);
	return false;
}

static bool are_known(const json_t *status, const char *value)
{
	for (const char *next = value;; next++) {
		size_t length = strcspn(next, ",");
		struct entry entry;

		if (!parse(next, length, &entry) || !is_known(status, &entry))
			return false;
		next += length;
		if (!*next)
			return true;
	}
}

/* Whether both paths lead to the same socket. Names of another daemon are irrelevant here. */
static bool is_same_daemon(const json_t *status, const char *socket)
{
	const char *named = json_string_value(json_object_get(status, "socket"));
	struct stat one, other;

	if (named && stat(named, &one) == 0 && stat(socket, &other) == 0 &&
	    one.st_dev == other.st_dev && one.st_ino == other.st_ino)
		return true;
	cli_error(
	        "--force: the daemon at %s has the client socket %s, not %s; set SHUNT_CONTROL to "
	        "the control socket of the one that COMMAND is to use",
	        api_control(NULL), named ? named : "(unknown)", socket);
	return false;
}

static bool too_long(void)
{
	cli_error("SHUNT_FORCE would be longer than %d characters, which programs ignore; force "
	          "fewer names",
	          LIST_MAX - 1);
	return false;
}

bool drill_fits(void)
{
	const char *list = getenv("SHUNT_FORCE");

	return !list || strlen(list) < LIST_MAX || too_long();
}

static bool join(const char *const *values)
{
	const char *old = getenv("SHUNT_FORCE");
	char list[LIST_MAX];
	size_t used = 0;

	for (; *values && used < LIST_MAX; values++)
		used += (size_t)snprintf(list + used, LIST_MAX - used, "%s%s", used ? "," : "",
		                         *values);
	if (old && *old && used < LIST_MAX)
		used += (size_t)snprintf(list + used, LIST_MAX - used, ",%s", old);
	if (used >= LIST_MAX)
		return too_long();
	if (setenv("SHUNT_FORCE", list, 1) == 0)
		return true;
	cli_error("cannot set SHUNT_FORCE: %s", strerror(errno));
	return false;
}

bool drill_set(const char *const *values, const char *socket)
{
	char error[TROUBLE_MAX];
	json_t *status = NULL;
	bool good;

	if (api_get(api_control(NULL), "/v1/status", &status, error) != CLI_DONE) {
		cli_error("--force %s: %s; nothing was started", *values, error);
		return false;
	}
	good = is_same_daemon(status, socket);
	for (size_t i = 0; good && values[i]; i++)
		good = are_known(status, values[i]);
	json_decref(status);
	return good && join(values);
}

const json_t *drill_forced(const json_t *status, const json_t *record, const char *list)
{
	const json_t *found = NULL;
	struct entry entry;

	if (strlen(list) >= LIST_MAX)
		return NULL;
	while (*list && !found) {
		size_t length = strcspn(list, ",");

		/* The library ignores entries that are malformed or unknown to the daemon. */
		if (parse(list, length, &entry) && record_find(status, entry.name) == record)
			found = find_endpoint(record, entry.id);
		list += length + (list[length] == ',');
	}
	return found;
}
