/* The Unicode form of an internationalised name (RFC 5890): what a person types for xn--…. Called by publish. */
#ifndef SHUNT_PUBLISH_UNICODE_H
#define SHUNT_PUBLISH_UNICODE_H

/* In UTF-8, the caller's to free(). NULL: no label of `name` begins with xn--, or it stands for no name. */
char *unicode_name(const char *name);

#endif
