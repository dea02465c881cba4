/*
 * The functions called by glibc's Name Service Switch, for `hosts: shunt [NOTFOUND=return] files
 * dns` in nsswitch.conf(5): UNAVAIL continues with the next source, NOTFOUND ends the search.
 *
 *   gethostbyname4_r              getaddrinfo() of AF_UNSPEC: the only one with IPv6 scope ids
 *   gethostbyname3_r              getaddrinfo() of one family, with AI_CANONNAME
 *   gethostbyname2_r              getaddrinfo() of one family; gethostbyname2(), gethostbyname2_r()
 *   gethostbyname_r               gethostbyname(), gethostbyname_r(), which call no other function:
 *                                 a source without it is skipped
 */
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

#include "answer/hostent.h"
#include "core/settings.h"
#include "lookup/debug.h"
#include "lookup/lookup.h"

#define EXPORTED __attribute__((visibility("default")))

/* NOLINTBEGIN(bugprone-reserved-identifier): the Name Service Switch says what they are called. */
/* <nss.h> has them as types, but not in every version of libc. */
EXPORTED enum nss_status _nss_shunt_gethostbyname_r(const char *name, struct hostent *result,
                                                    char *buffer, size_t size, int *errnop,
                                                    int *h_errnop);
EXPORTED enum nss_status _nss_shunt_gethostbyname2_r(const char *name, int family,
                                                     struct hostent *result, char *buffer,
                                                     size_t size, int *errnop, int *h_errnop);
EXPORTED enum nss_status _nss_shunt_gethostbyname3_r(const char *name, int family,
                                                     struct hostent *result, char *buffer,
                                                     size_t size, int *errnop, int *h_errnop,
                                                     int32_t *ttlp, char **canonp);
EXPORTED enum nss_status _nss_shunt_gethostbyname4_r(const char *name, struct gaih_addrtuple **pat,
                                                     char *buffer, size_t size, int *errnop,
                                                     int *h_errnop, int32_t *ttlp);
/* NOLINTEND(bugprone-reserved-identifier) */

/* The result of a lookup. */
struct end {
	enum nss_status status;
	int error, h_error;
};

static const struct end done = { NSS_STATUS_SUCCESS, 0, NETDB_SUCCESS };
static const struct end not_ours = { NSS_STATUS_UNAVAIL, ENOENT, HOST_NOT_FOUND };
static const struct end no_address = { NSS_STATUS_NOTFOUND, ENOENT, HOST_NOT_FOUND };
static const struct end too_small = { NSS_STATUS_TRYAGAIN, ERANGE, NETDB_INTERNAL };

/*
 * A temporary failure. TRYAGAIN would continue with the next source, and ask the DNS for a managed
 * name. getaddrinfo() uses the h_errno of a source that returns NOTFOUND. gethostbyname_r(), and
 * getaddrinfo() when it calls that, treat NOTFOUND as an answer, but report the errno and h_errno
 * of RETURN, which ends the search with any nsswitch line.
 */
static const struct end not_now = { NSS_STATUS_NOTFOUND, EAGAIN, TRY_AGAIN };
static const struct end not_now_by_return = { NSS_STATUS_RETURN, EAGAIN, TRY_AGAIN };

static enum nss_status reply(const struct end *end, int *errnop, int *h_errnop)
{
	if (end != &done) {
		*errnop = end->error;
		*h_errnop = end->h_error;
	}
	return end->status;
}

static const struct end *build_hostent(const struct table_answer *answer, int family,
                                       struct hostent *result, char *buffer, size_t size)
{
	/* As in /etc/hosts, where no line has a family that libc does not know. */
	if (family != AF_INET && family != AF_INET6)
		return &no_address;
	switch (hostent_build(answer->name, answer, family, result, buffer, size)) {
	case HOSTENT_DONE: return &done;
	case HOSTENT_NONE: return &no_address;
	case HOSTENT_TOO_SMALL:
	default: return &too_small;
	}
}

static const struct end *find_hostent(const char *name, int family, const struct end *failure,
                                      struct hostent *result, char *buffer, size_t size)
{
	struct table_answer answer;
	const struct end *end = failure;

	switch (lookup_name(name, true, &answer)) {
	case LOOKUP_FOUND: end = build_hostent(&answer, family, result, buffer, size); break;
	case LOOKUP_FAIL: break;
	case LOOKUP_PASS:
	default: return &not_ours;
	}
	if (settings_flags() & SETTINGS_DEBUG)
		debug_hostent(name, answer.forced, end == &done ? result : NULL, end->h_error);
	return end;
}

enum nss_status _nss_shunt_gethostbyname_r(const char *name, struct hostent *result, char *buffer,
                                           size_t size, int *errnop, int *h_errnop)
{
	return reply(find_hostent(name, AF_INET, &not_now_by_return, result, buffer, size), errnop,
	             h_errnop);
}

/* With AF_INET the caller is usually gethostbyname2_r(), with AF_INET6 getaddrinfo(). */
enum nss_status _nss_shunt_gethostbyname2_r(const char *name, int family, struct hostent *result,
                                            char *buffer, size_t size, int *errnop, int *h_errnop)
{
	const struct end *failure = family == AF_INET ? &not_now_by_return : &not_now;

	return reply(find_hostent(name, family, failure, result, buffer, size), errnop, h_errnop);
}

/* The TTL is 0: the next failover changes the answer, so it must not be cached. */
enum nss_status _nss_shunt_gethostbyname3_r(const char *name, int family, struct hostent *result,
                                            char *buffer, size_t size, int *errnop, int *h_errnop,
                                            int32_t *ttlp, char **canonp)
{
	const struct end *end = find_hostent(name, family, &not_now, result, buffer, size);

	if (end == &done && ttlp)
		*ttlp = 0;
	if (end == &done && canonp)
		*canonp = result->h_name;
	return reply(end, errnop, h_errnop);
}

/* --- gethostbyname4_r ------------------------------------------------------------------------- */

static void fill_tuple(struct gaih_addrtuple *tuple, const struct shunt_address *address,
                       char *name)
{
	*tuple = (struct gaih_addrtuple){ .name = name };
	tuple->family = address->family == SHUNT_FAMILY_IPV6 ? AF_INET6 : AF_INET;
	tuple->scopeid = address->scope_id;
	memcpy(tuple->addr, address->word, sizeof(tuple->addr));
}

/* `*first`: the caller's own first tuple (nscd has one), else NULL. */
static const struct end *put_tuples(const struct table_answer *answer,
                                    struct gaih_addrtuple **first, char *buffer, size_t size)
{
	size_t pad = -(uintptr_t)buffer % alignof(struct gaih_addrtuple);
	size_t tuples_size = answer->count * sizeof(struct gaih_addrtuple);
	size_t name_size = strlen(answer->name) + 1;
	struct gaih_addrtuple *tuples, **link = first;
	char *name;

	if (size < pad + tuples_size + name_size)
		return &too_small;
	tuples = (struct gaih_addrtuple *)(buffer + pad);
	name = memcpy(buffer + pad + tuples_size, answer->name, name_size);
	for (uint32_t i = 0; i < answer->count; i++) {
		if (!*link)
			*link = &tuples[i];
		fill_tuple(*link, &answer->addresses[i], name);
		link = &(*link)->next;
	}
	return &done;
}

static const struct end *find_tuples(const char *name, struct gaih_addrtuple **first, char *buffer,
                                     size_t size)
{
	struct table_answer answer;
	const struct end *end = &not_now;

	switch (lookup_name(name, true, &answer)) {
	case LOOKUP_FOUND: end = put_tuples(&answer, first, buffer, size); break;
	case LOOKUP_FAIL: break;
	case LOOKUP_PASS:
	default: return &not_ours;
	}
	if (settings_flags() & SETTINGS_DEBUG) {
		if (end == &done)
			debug_answer(name, &answer);
		else
			debug_hostent(name, answer.forced, NULL, end->h_error);
	}
	return end;
}

enum nss_status _nss_shunt_gethostbyname4_r(const char *name, struct gaih_addrtuple **pat,
                                            char *buffer, size_t size, int *errnop, int *h_errnop,
                                            int32_t *ttlp)
{
	const struct end *end = find_tuples(name, pat, buffer, size);

	if (end == &done && ttlp)
		*ttlp = 0;
	return reply(end, errnop, h_errnop);
}
