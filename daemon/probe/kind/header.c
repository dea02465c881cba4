#include "probe/kind/header.h"

#include <string.h>
#include <strings.h>

bool header_matches(const char *expected, const char *line, size_t size)
{
	size_t name = strcspn(expected, ":");
	const char *text = expected + name + (expected[name] == ':');

	text += strspn(text, " \t");
	return size > name && line[name] == ':' && strncasecmp(line, expected, name) == 0 &&
	       memmem(line + name + 1, size - name - 1, text, strlen(text)) != NULL;
}
