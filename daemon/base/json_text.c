#include "base/json_text.h"

#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *value)
{
	json_t *json;
	char *copy;

	if (!value)
		return json_null();
	json = json_string(value);
	if (json)
		return json;
	copy = strdup(value);
	if (!copy)
		return NULL;
	for (char *c = copy; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	json = json_string(copy);
	free(copy);
	return json;
}
