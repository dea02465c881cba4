/* The status page: one HTML text, generated from this folder by the script `build`. */
#ifndef SHUNT_CONTROL_PAGE_PAGE_H
#define SHUNT_CONTROL_PAGE_PAGE_H

#include <stddef.h>

extern const unsigned char page_text[]; /* UTF-8 */
extern const size_t page_length;

/* Its Content-Security-Policy: the page's own style and script, this daemon, and nothing else. */
extern const char page_policy[];

#endif
