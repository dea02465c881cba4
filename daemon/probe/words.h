/* What libcurl and OpenSSL say of a failure, in plain words. Pure. */
#ifndef SHUNT_PROBE_WORDS_H
#define SHUNT_PROBE_WORDS_H

/* A text of our own, or a part of `text`. */
const char *words_plain(const char *text);

#endif
