/*
 * Requests to the control socket, for libFuzzer and for the replay in tests/unit/fuzz. Input: the
 * method, a NUL, the path, a NUL, the body. HTTP itself is parsed by libmicrohttpd.
 */
#include "base/duration.h"
#include "control/body.h"
#include "control/routes.h"
#include "tests/fuzz/bytes.h"

static void find_route(const char *path, const char *method, bool tcp)
{
	char *name = NULL, allow[64];
	const struct route *route = routes_find(path, method, tcp, &name);

	HOLDS(route || !name);
	if (route)
		HOLDS(routes_allow(path, false, allow, sizeof(allow)) && allow[0]);
	HOLDS(!route || !tcp || !route->writes);
	HOLDS(!name || (name[0] && !strchr(name, '/') && strstr(path, name)));
	free(name);
}

static void read_body(const char *text, size_t size)
{
	const char *endpoint = NULL, *duration = NULL, *reason = NULL;
	bool anyway = false;
	const struct body_member members[] = {
		{ .name = "endpoint", .text = &endpoint, .required = true },
		{ .name = "for", .text = &duration },
		{ .name = "reason", .text = &reason },
		{ .name = "anyway", .flag = &anyway },
		{ 0 },
	};
	char error[BODY_ERROR_MAX] = "";
	json_t *object = body_read(text, size, members, error);
	uint32_t ms;

	HOLDS(!object || endpoint);
	HOLDS(object || error[0]);
	HOLDS(strlen(error) < sizeof(error));
	if (object && duration)
		duration_parse(duration, &ms);
	json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	char *method = bytes_text(&bytes), *path = bytes_text(&bytes);
	char *body = text_new(bytes.data, bytes.size);

	find_route(path, method, false);
	find_route(path, method, true);
	read_body(body, bytes.size);
	free(method);
	free(path);
	free(body);
	return 0;
}
