#include "publish/unicode.h"

#include <idn2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uninorm.h>

#include "shunt/table.h"

static bool has_encoded_label(const char *name)
{
	for (; name; name = strchr(name, '.')) {
		name += *name == '.';
		if (strncasecmp(name, "xn--", 4) == 0)
			return true;
	}
	return false;
}

char *unicode_name(const char *name)
{
	char *unicode = NULL;

	if (!has_encoded_label(name) || idn2_to_unicode_8z8z(name, &unicode, 0) != IDN2_OK)
		return NULL;
	if (strcasecmp(unicode, name) != 0 && strlen(unicode) <= SHUNT_NAME_MAX)
		return unicode;
	free(unicode); /* libidn2 allocates with malloc(), so the caller uses free() too */
	return NULL;
}

char *unicode_decomposed(const char *unicode)
{
	/* The final zero is normalised too: it stays what it is. */
	size_t size = strlen(unicode) + 1, length;
	uint8_t *text = u8_normalize(UNINORM_NFD, (const uint8_t *)unicode, size, NULL, &length);

	if (!text)
		return NULL;
	if (length <= SHUNT_NAME_MAX + 1 && strcmp((char *)text, unicode) != 0)
		return (char *)text;
	free(text); /* allocated with malloc() */
	return NULL;
}
