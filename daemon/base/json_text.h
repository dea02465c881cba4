/* Converts text from any source to a JSON string. */
#ifndef SHUNT_BASE_JSON_TEXT_H
#define SHUNT_BASE_JSON_TEXT_H

#include <jansson.h>

/*
 * JSON must be UTF-8. In text that is not (such as a path in another encoding) the invalid bytes
 * are replaced. Returns a JSON null for NULL; NULL if out of memory.
 */
json_t *json_text(const char *value);

#endif
