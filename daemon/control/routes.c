#include "control/routes.h"

#include <stdio.h>
#include <string.h>

#include "control/events.h"
#include "control/orders/change.h"
#include "control/read.h"

static const struct route routes[] = {
	{ "/", MHD_HTTP_METHOD_GET, false, read_page },
	{ "/v1/status", MHD_HTTP_METHOD_GET, false, read_status },
	{ "/v1/records/*", MHD_HTTP_METHOD_GET, false, read_record },
	{ "/v1/records/*/force", MHD_HTTP_METHOD_POST, true, change_force },
	{ "/v1/records/*/auto", MHD_HTTP_METHOD_POST, true, change_auto },
	{ "/v1/records/*/check", MHD_HTTP_METHOD_POST, true, change_check },
	{ "/v1/records/*/reset", MHD_HTTP_METHOD_POST, true, change_reset },
	{ "/v1/resets", MHD_HTTP_METHOD_GET, false, read_resets },
	{ "/v1/fleet", MHD_HTTP_METHOD_GET, false, read_fleet },
	{ "/v1/events", MHD_HTTP_METHOD_GET, false, events_get },
	{ "/metrics", MHD_HTTP_METHOD_GET, false, read_metrics },
	{ "/v1/reload", MHD_HTTP_METHOD_POST, true, change_reload },
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/* Sets `*start` to the segment that matches '*'; NULL if the pattern has no '*'. */
static bool matches(const char *pattern, const char *path, const char **start, size_t *length)
{
	const char *star = strchr(pattern, '*');
	size_t before = star ? (size_t)(star - pattern) : 0;

	*start = NULL;
	if (!star)
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, before) != 0)
		return false;
	*start = path + before;
	*length = strcspn(*start, "/");
	return *length > 0 && strcmp(star + 1, *start + *length) == 0;
}

const struct route *routes_find(const char *path, const char *method, bool tcp, char **name)
{
	const char *start;
	size_t length;

	*name = NULL;
	if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		method = MHD_HTTP_METHOD_GET;
	for (size_t i = 0; i < ROUTES; i++) {
		if (strcmp(routes[i].method, method) != 0 || (tcp && routes[i].writes) ||
		    !matches(routes[i].path, path, &start, &length))
			continue;
		*name = start ? strndup(start, length) : NULL;
		return start && !*name ? NULL : &routes[i];
	}
	return NULL;
}

bool routes_allow(const char *path, bool tcp, char *allow, size_t size)
{
	const char *start;
	size_t length, used = 0;
	bool any = false;

	*allow = '\0';
	for (size_t i = 0; i < ROUTES; i++) {
		const char *method = routes[i].method;
		bool get = strcmp(method, MHD_HTTP_METHOD_GET) == 0;

		if (!matches(routes[i].path, path, &start, &length))
			continue;
		any = true;
		if (!tcp || !routes[i].writes)
			used += (size_t)snprintf(allow + used, size - used, "%s%s%s",
			                         used ? ", " : "", method, get ? ", HEAD" : "");
	}
	return any;
}
