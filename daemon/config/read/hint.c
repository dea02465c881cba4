#include "config/read/hint.h"

#include <string.h>

#include "base/arena.h"

/* Without its query. */
static bool path_is(const struct check *check, const char *path)
{
	size_t length = strlen(path);

	return strncmp(check->path, path, length) == 0 &&
	       (!check->path[length] || check->path[length] == '?');
}

static bool path_is_one_of(const struct check *check, const char *const *paths)
{
	while (*paths && !path_is(check, *paths))
		paths++;
	return *paths;
}

static bool is_method(const struct check *check, const char *method)
{
	return strcmp(check->method, method) == 0;
}

/* --- what matches ---------------------------------------------------------------------------- */

static bool etcd_head(const struct check *check)
{
	return is_method(check, "HEAD") && path_is(check, "/health");
}

/* For these Patroni has no answer but to GET: to HEAD and OPTIONS they are unknown paths. */
static const char *const patroni_get[] = { "/patroni", "/liveness", "/readiness", "/cluster",
	                                   "/history", "/metrics",  "/config",    NULL };

static bool patroni_method(const struct check *check)
{
	return (is_method(check, "HEAD") || is_method(check, "OPTIONS")) &&
	       path_is_one_of(check, patroni_get);
}

static bool patroni_path(const struct check *check)
{
	static const char *const known[] = { "/",
		                             "/sync",
		                             "/synchronous",
		                             "/async",
		                             "/asynchronous",
		                             "/quorum",
		                             "/read-only-sync",
		                             "/read-only-synchronous",
		                             "/read-only-quorum",
		                             "/failsafe",
		                             NULL };
	/* Patroni looks for these anywhere in the path. */
	static const char *const words[] = { "leader",  "master",    "primary", "read-write",
		                             "replica", "read-only", "health",  NULL };

	for (const char *const *word = words; *word; word++) {
		if (strstr(check->path, *word))
			return false;
	}
	return !path_is_one_of(check, known) && !path_is_one_of(check, patroni_get);
}

static bool consul_status(const struct check *check)
{
	return path_is(check, "/v1/status/leader") && !check->expect_body;
}

static bool elasticsearch_status(const struct check *check)
{
	return path_is(check, "/_cluster/health") && !strstr(check->path, "wait_for_status=") &&
	       !check->expect_body;
}

static const struct {
	uint16_t port;
	bool (*matches)(const struct check *check);
	enum option at; /* written, since its default does not match */
	const char *what;
} traps[] = {
	{ 2379, etcd_head, OPT_CHECK_METHOD,
	  "etcd answers HEAD with 405, also when it is well; remove it, so that it is GET" },
	{ 8008, patroni_method, OPT_CHECK_METHOD,
	  "Patroni answers this path with 503, also when it is well, unless it is asked by GET; "
	  "remove it" },
	{ 8008, patroni_path, OPT_CHECK_PATH,
	  "Patroni answers a path that it does not know with 503, also when it is well; write "
	  "one that it knows, as in \"/primary\" or \"/replica\"" },
	{ 8500, consul_status, OPT_CHECK_PATH,
	  "Consul answers 200 without a leader, too, and \"\" as the body; add expect_body = "
	  "\":\"" },
	{ 9200, elasticsearch_status, OPT_CHECK_PATH,
	  "Elasticsearch answers 200 when the cluster is red, too; add "
	  "?wait_for_status=yellow&timeout=1s" },
};

/* --------------------------------------------------------------------------------------------- */

static void add(const struct config_group *group, enum option at, const char *what)
{
	char line[CONFIG_ERROR_MAX];
	struct config_reader reader = *group->reader;
	size_t count = 0;

	while (group->reader->hints[count])
		count++;
	if (count == CONFIG_HINTS_MAX)
		return;
	reader.error = line;
	config_fail(&reader, group->values[at], "hint: %s", what);
	group->reader->hints[count] = arena_copy(reader.arena, line, strlen(line));
}

void config_hint_find(const struct config_group *group, const struct check *check)
{
	if (check->type != CHECK_HTTP && check->type != CHECK_HTTPS)
		return;
	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
		if (traps[i].port == check->port && traps[i].matches(check)) {
			add(group, traps[i].at, traps[i].what);
			return;
		}
	}
}
