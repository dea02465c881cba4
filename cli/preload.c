#include "preload.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ld.so(8): spaces or colons stand between the entries. */
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
	/* gcc's AddressSanitizer aborts its program when it is not the first. */
	if (strstr(old, "libasan"))
		n = asprintf(&list, "%s:%s", old, library);
	else
		n = asprintf(&list, "%s:%s", library, old);
	return n < 0 ? NULL : list;
}

/* A list of key=value with commas; the first netdns counts, so one that is there stays. */
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

/* Takes the value over. */
static int set(const char *name, char *value)
{
	int result = value ? setenv(name, value, 1) : -1;

	free(value);
	return result;
}

int preload_set(const char *library)
{
	if (set("LD_PRELOAD", preload_list(getenv("LD_PRELOAD"), library)) < 0 ||
	    set("GODEBUG", preload_godebug(getenv("GODEBUG"))) < 0)
		return -1;
	return unsetenv("SHUNT_DISABLE");
}
