#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "answer/addrinfo.h"
#include "connection/given.h"
#include "core/hot.h"
#include "core/libc.h"
#include "core/settings.h"
#include "lookup/debug.h"
#include "lookup/lookup.h"

#define EXPORTED __attribute__((visibility("default")))

static enum lookup_result find(const char *node, const struct addrinfo *hints,
                               struct table_answer *answer)
{
	int flags = hints ? hints->ai_flags : 0;

	if (flags & AI_NUMERICHOST)
		return LOOKUP_PASS;
	if (flags & AI_IDN && !lookup_is_ascii(node))
		return lookup_international(node, flags & AI_CANONNAME, answer);
	return lookup_name(node, flags & AI_CANONNAME, answer);
}

/* The result for a managed name. */
static int reply(enum lookup_result found, struct table_answer *answer, const char *node,
                 const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	int error;

	if (found == LOOKUP_FAIL)
		answer->count = 0;
	error = addrinfo_build(answer, service, hints, res);
	if (!error)
		given_add(answer);
	if (settings_flags() & SETTINGS_DEBUG)
		debug_addrinfo(node, answer->forced, error, error ? NULL : *res);
	return error;
}

/*
 * flatten: in a single function, a lookup is a tenth shorter. noinline: a numeric address needs
 * nothing of it, not even its stack.
 */
static __attribute__((flatten, noinline)) int
resolve(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	struct table_answer answer;
	enum lookup_result found = find(node, hints, &answer);

	if (found == LOOKUP_PASS)
		return libc_getaddrinfo(node, service, hints, res);
	return reply(found, &answer, node, service, hints, res);
}

EXPORTED int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                         struct addrinfo **res)
{
	/* With SHUNT_DEBUG it is reported too. */
	if (node && settings_are_default() && lookup_is_number(node))
		return libc_getaddrinfo(node, service, hints, res);
	return resolve(node, service, hints, res);
}

/* Completes a request for a managed name, as a thread of libc would. False: it is libc's. */
static bool complete(struct gaicb *request)
{
	struct table_answer answer;
	enum lookup_result found = find(request->ar_name, request->ar_request, &answer);

	if (found == LOOKUP_PASS)
		return false;
	request->__return = reply(found, &answer, request->ar_name, request->ar_service,
	                          request->ar_request, &request->ar_result);
	return true;
}

/*
 * Requests for managed names are complete when this returns. libc is passed all others, and the
 * notification, which it sends after the last of them, or at once if none is left. gai_error(),
 * gai_suspend() and gai_cancel() remain libc's: they treat ours as any request that is complete.
 * `list` is copied, since another thread may read it; libc does not keep the copy.
 */
EXPORTED COLD int getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event)
{
	struct gaicb **others;
	int result;

	if ((mode != GAI_WAIT && mode != GAI_NOWAIT) || count <= 0)
		return libc_getaddrinfo_a(mode, list, count, event);
	others = calloc((size_t)count, sizeof(struct gaicb *));
	if (!others)
		return EAI_MEMORY;
	for (int i = 0; i < count; i++)
		others[i] = list[i] && !complete(list[i]) ? list[i] : NULL;
	result = libc_getaddrinfo_a(mode, others, count, event);
	free(others);
	return result;
}
