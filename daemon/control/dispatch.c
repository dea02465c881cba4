#include "control/dispatch.h"

#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/log.h"
#include "control/answer.h"
#include "control/orders/order.h"
#include "control/orders/reloading.h"
#include "control/orders/sending.h"
#include "control/parts.h"
#include "control/peer.h"
#include "control/request.h"
#include "control/rights.h"
#include "control/routes.h"
#include "monitor/monitor.h"

#define HOST_MAX 300u /* characters of a Host header */

/* --- Host ------------------------------------------------------------------------------------- */

struct host_header {
	unsigned count;
	const char *value;
};

static enum MHD_Result find_host(void *arg, enum MHD_ValueKind kind, const char *key,
                                 const char *value)
{
	struct host_header *host = arg;

	(void)kind;
	if (strcasecmp(key, MHD_HTTP_HEADER_HOST) != 0)
		return MHD_YES;
	host->count++;
	host->value = value;
	return MHD_YES;
}

/* The host of "host", "host:port", "[v6]" and "[v6]:port", without a final dot. */
static bool host_part(const char *value, char host[HOST_MAX])
{
	bool bracket = value[0] == '[';
	size_t length = strcspn(value += bracket, bracket ? "]" : ":");
	const char *rest = value + length;

	if (bracket && *rest++ != ']')
		return false;
	if (*rest == ':')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (*rest || length == 0 || length >= HOST_MAX)
		return false;
	memcpy(host, value, length);
	host[length] = '\0';
	if (!bracket && length > 1 && host[length - 1] == '.')
		host[length - 1] = '\0';
	return true;
}

/* DNS rebinding: another site may point its name at this address; the Host header has that name. */
static bool host_allowed(const struct config *config, const char *value)
{
	char host[HOST_MAX];
	struct address address;

	if (!host_part(value, host))
		return false;
	if (address_parse(host, &address) || strcasecmp(host, "localhost") == 0)
		return true;
	for (size_t i = 0; i < config->http_host_count; i++)
		if (strcasecmp(host, config->http_hosts[i]) == 0)
			return true;
	return false;
}

/* Sets `*good`, or responds with an error. */
static enum MHD_Result check_host(const struct request *request, bool *good)
{
	struct host_header host = { 0 };

	*good = false;
	if (request->parts->tcp)
		MHD_get_connection_values(request->connection, MHD_HEADER_KIND, find_host, &host);
	if (request->parts->tcp && (host.count != 1 || !host.value))
		return answer_error(request->connection, MHD_HTTP_BAD_REQUEST,
		                    "the request needs one Host header");
	if (request->parts->tcp &&
	    !host_allowed(monitor_config(request->parts->monitor), host.value))
		return answer_error(request->connection, MHD_HTTP_FORBIDDEN,
		                    "this host name is not served here; http_hosts in the "
		                    "configuration lists those that are");
	*good = true;
	return MHD_YES;
}

/* --- path and method -------------------------------------------------------------------------- */

static enum MHD_Result check_method(const struct request *request, const char *url, bool *good)
{
	char allow[64];

	*good = request->route != NULL;
	if (*good)
		return MHD_YES;
	if (!routes_allow(url, request->parts->tcp, allow, sizeof(allow)))
		return answer_error(request->connection, MHD_HTTP_NOT_FOUND,
		                    "there is nothing at this path; shunt(1) lists the paths");
	if (!*allow)
		return answer_not_allowed(request->connection, " ",
		                          "TCP is read-only; use the control socket");
	return answer_not_allowed(request->connection, allow,
	                          strstr(allow, "GET") ? "this path takes GET and HEAD only"
	                                               : "this path takes POST only");
}

/*
 * A browser sends Origin. The status page changes nothing, and a foreign page could reach a control
 * socket that a user has forwarded to a local port, with that user's rights.
 */
static enum MHD_Result check_origin(const struct request *request, bool *good)
{
	*good = !request->route->writes ||
	        !MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Origin");
	if (*good)
		return MHD_YES;
	return answer_error(request->connection, MHD_HTTP_FORBIDDEN,
	                    "a page in a browser may not change anything; use the shunt command");
}

/* Logs the refusal. The route's path is logged, not the client's: that is untrusted input. */
static enum MHD_Result check_rights(const struct request *request, bool *good)
{
	const struct peer *peer = request->peer;

	*good = !request->route->writes || rights_of(request->parts, peer);
	if (*good)
		return MHD_YES;
	log_warning("control: %s %s refused: uid %u (process %d) is neither root nor in the "
	            "socket's group",
	            request->route->method, request->route->path, peer->cred.uid,
	            (int)peer->cred.pid);
	return answer_error(request->connection, MHD_HTTP_FORBIDDEN,
	                    "only root and members of the control socket's group may do this "
	                    "(you are uid %u)",
	                    peer->cred.uid);
}

enum MHD_Result dispatch_begin(struct request *request, const char *url, const char *method)
{
	enum MHD_Result result;
	bool good;

	result = check_host(request, &good);
	if (!good)
		return result;
	request->is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	request->route = routes_find(url, method, request->parts->tcp, &request->name);
	result = check_method(request, url, &good);
	if (!good)
		return result;
	result = check_origin(request, &good);
	if (!good)
		return result;
	return check_rights(request, &good);
}

enum MHD_Result dispatch_end(struct request *request)
{
	if (request->order)
		return order_resume(request);
	if (request->reloading)
		return reloading_resume(request);
	if (request->sending)
		return sending_resume(request);
	if (request->body_size > REQUEST_BODY_MAX)
		return answer_error(request->connection, MHD_HTTP_CONTENT_TOO_LARGE,
		                    "the body has more than %u bytes", REQUEST_BODY_MAX);
	if (request->body_size && !request->body)
		return MHD_NO;
	return request->route->run(request);
}
