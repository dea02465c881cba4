#include <errno.h>
#include <netdb.h>
#include <stddef.h>

#include "answer/hostent.h"
#include "connection/given.h"
#include "core/libc.h"
#include "core/settings.h"
#include "lookup/debug.h"
#include "lookup/lookup.h"

#define EXPORTED __attribute__((visibility("default")))

/* Room for sixteen addresses and a hundred aliases of usual length. */
#define STATIC_SIZE 8192

/* The results of gethostbyname() and gethostbyname2(), each with its own, until its next call. */
struct place {
	struct hostent hostent;
	char buffer[STATIC_SIZE];
};

/* The results of a managed name's lookup as these functions report them. */
struct end {
	int error, h_error;
};

static const struct end done = { 0, NETDB_SUCCESS };
static const struct end no_address = { 0, HOST_NOT_FOUND };
static const struct end too_small = { ERANGE, NETDB_INTERNAL };
static const struct end not_now = { EAGAIN, TRY_AGAIN };

/* `asked`: as for hostent_build(). */
static const struct end *build(enum lookup_result found, const struct table_answer *answer,
                               const char *asked, int family, struct hostent *ret, char *buffer,
                               size_t size)
{
	if (found == LOOKUP_FAIL)
		return &not_now;
	switch (hostent_build(asked, answer, family, ret, buffer, size)) {
	case HOSTENT_DONE: given_add(answer); return &done;
	case HOSTENT_NONE: return &no_address;
	case HOSTENT_TOO_SMALL:
	default: return &too_small;
	}
}

static inline void report(const char *name, const struct table_answer *answer,
                          const struct end *end, const struct hostent *ret)
{
	if (settings_flags() & SETTINGS_DEBUG)
		debug_hostent(name, answer->forced, end == &done ? ret : NULL, end->h_error);
}

static int reply(const char *name, enum lookup_result found, const struct table_answer *answer,
                 int family, struct hostent *ret, char *buffer, size_t size,
                 struct hostent **result, int *h_errnop)
{
	const struct end *end = build(found, answer, answer->name, family, ret, buffer, size);

	report(name, answer, end, ret);
	*result = end == &done ? ret : NULL;
	*h_errnop = end->h_error;
	if (end->error)
		errno = end->error;
	return end->error;
}

static struct hostent *reply_static(const char *name, enum lookup_result found,
                                    const struct table_answer *answer, int family,
                                    struct place *place)
{
	struct hostent *ret = &place->hostent;
	const struct end *end =
	        build(found, answer, answer->name, family, ret, place->buffer, STATIC_SIZE);

	/*
	 * The caller cannot retry with a larger buffer here: an answer without aliases is better
	 * than none.
	 */
	if (end == &too_small)
		end = build(found, answer, NULL, family, ret, place->buffer, STATIC_SIZE);
	report(name, answer, end, ret);
	if (end == &done)
		return ret;
	h_errno = end->h_error;
	if (end->error)
		errno = end->error;
	return NULL;
}

EXPORTED struct hostent *gethostbyname(const char *name)
{
	static struct place place;
	struct table_answer answer;
	enum lookup_result found = lookup_name(name, true, &answer);

	return found == LOOKUP_PASS ? libc_gethostbyname(name)
	                            : reply_static(name, found, &answer, AF_INET, &place);
}

EXPORTED struct hostent *gethostbyname2(const char *name, int family)
{
	static struct place place;
	struct table_answer answer;
	enum lookup_result found = lookup_name(name, true, &answer);

	return found == LOOKUP_PASS ? libc_gethostbyname2(name, family)
	                            : reply_static(name, found, &answer, family, &place);
}

EXPORTED int gethostbyname_r(const char *name, struct hostent *ret, char *buffer, size_t size,
                             struct hostent **result, int *h_errnop)
{
	struct table_answer answer;
	enum lookup_result found = lookup_name(name, true, &answer);

	return found == LOOKUP_PASS
	               ? libc_gethostbyname_r(name, ret, buffer, size, result, h_errnop)
	               : reply(name, found, &answer, AF_INET, ret, buffer, size, result, h_errnop);
}

EXPORTED int gethostbyname2_r(const char *name, int family, struct hostent *ret, char *buffer,
                              size_t size, struct hostent **result, int *h_errnop)
{
	struct table_answer answer;
	enum lookup_result found = lookup_name(name, true, &answer);

	return found == LOOKUP_PASS
	               ? libc_gethostbyname2_r(name, family, ret, buffer, size, result, h_errnop)
	               : reply(name, found, &answer, family, ret, buffer, size, result, h_errnop);
}
