#include "program/preload.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ld.so(8): entries are separated by spaces or colons. */
static bool has_entry(const char *list, const char *entry)
{
	size_t length = strlen(entry);

	for (const char *at = list; *at; at += strcspn(at, " :")) {
		at += strspn(at, " :");
		if (strncmp(at, entry, length) == 0 && (!at[length] || strchr(" :", at[length])))
			return true;
	}
	return false;
}

char *preload_list(const char *old, const char *library)
{
	char *list;
	int n;

	if (!old || !*old)
		return strdup(library);
	if (has_entry(old, library))
		return strdup(old);
	if (strstr(old, "libasan")) /* it stays first, see with_first() */
		n = asprintf(&list, "%s:%s", old, library);
	else
		n = asprintf(&list, "%s:%s", library, old);
	return n < 0 ? NULL : list;
}

/* A comma-separated list of key=value; the first netdns counts, so an existing one is kept. */
char *preload_godebug(const char *old)
{
	char *list;

	if (!old || !*old)
		return strdup("netdns=cgo");
	for (const char *at = old; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, "netdns=", 7) == 0)
			return strdup(old);
	}
	return asprintf(&list, "%s,netdns=cgo", old) < 0 ? NULL : list;
}

/* Takes ownership of the value. */
static int set(const char *name, char *value)
{
	int result = value ? setenv(name, value, 1) : -1;

	free(value);
	return result;
}

/* gcc's AddressSanitizer aborts its program if it is not loaded first. */
static char *with_first(const char *first, char *list)
{
	char *longer;

	if (!list || strstr(list, first))
		return list;
	if (asprintf(&longer, "%s:%s", first, list) < 0)
		longer = NULL;
	free(list);
	return longer;
}

int preload_set(const char *library, const char *first)
{
	char *list = preload_list(getenv("LD_PRELOAD"), library);

	if (first)
		list = with_first(first, list);
	if (set("LD_PRELOAD", list) < 0 || set("GODEBUG", preload_godebug(getenv("GODEBUG"))) < 0)
		return -1;
	/* gRPC's own resolver asks the DNS; a choice of the user's is kept. */
	if (setenv("GRPC_DNS_RESOLVER", "native", 0) < 0)
		return -1;
	return unsetenv("SHUNT_DISABLE");
}
