/* Text from anywhere as a JSON string. */
#ifndef SHUNT_BASE_JSON_TEXT_H
#define SHUNT_BASE_JSON_TEXT_H

#include <jansson.h>

/*
 * JSON is UTF-8. What is not (a path in another encoding, perhaps) loses its odd bytes, not its place. null for NULL; NULL: out
 * of memory.
 */
json_t *json_text(const char *value);

#endif
