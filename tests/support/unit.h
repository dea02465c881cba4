/*
 * cmocka as every unit test includes it: with the headers that it needs first, and one source for
 * its releases 1.1 to 2.
 *
 * cmocka 2 warns of assert_in_range(), which compares without a sign in each release, and has a
 * macro `stop`, which takes the name from every function and field that is called so.
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
