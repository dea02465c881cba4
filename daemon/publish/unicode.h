/*
 * The Unicode form of an internationalised name (RFC 5890): what people type for xn--…. Called by
 * publish.
 */
#ifndef SHUNT_PUBLISH_UNICODE_H
#define SHUNT_PUBLISH_UNICODE_H

/*
 * Returns it in UTF-8, to be freed with free(); NULL if no label of `name` begins with xn--, or if
 * it does not encode a valid name.
 */
char *unicode_name(const char *name);

/*
 * Returns the decomposed form (NFD) of a name of unicode_name(), as some programs pass it on: "u"
 * with a diaeresis of its own for "ü". To be freed with free(); NULL if it is the same, or longer
 * than the table permits.
 */
char *unicode_decomposed(const char *unicode);

#endif
