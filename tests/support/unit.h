/*
 * cmocka for the unit tests, with the headers that it needs first; works with releases 1.1 to 2.
 *
 * cmocka 2 deprecates assert_in_range(), which compares unsigned values in every release. It also
 * defines a macro `stop`, which breaks functions and fields of that name.
 */
#ifndef SHUNT_TESTS_UNIT_H
#define SHUNT_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef stop

#ifdef assert_uint_in_range
#undef assert_in_range
#define assert_in_range(value, least, most) assert_uint_in_range(value, least, most)
#endif

#endif
