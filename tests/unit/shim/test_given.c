/* The addresses that a process was given: which name each belongs to, what happens when there are too many, and threads. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "shim/connection/given.h"
#include "shim/core/tick.h"
#include "tests/support/unit.h"

#define THREADS 4
#define ROUNDS 20000u

static struct shunt_address ipv4(uint32_t number)
{
	return (struct shunt_address){ .family = SHUNT_FAMILY_IPV4, .word = { number } };
}

static void give(const char *name, uint32_t connect, const struct shunt_address *address)
{
	struct table_answer answer = { .count = 1, .connect = connect, .addresses = { *address } };

	snprintf(answer.name, sizeof(answer.name), "%s", name);
	given_add(&answer);
}

static const char *name_of(const struct shunt_address *address)
{
	struct given found;

	if (!given_find(address, &found))
		return "none";
	assert_int_equal(strlen(found.name), found.length);
	return found.name;
}

/* The first of all tests: nothing was given before. */
static void nothing(void **state)
{
	struct shunt_address address = ipv4(1);
	struct table_answer forced = { .count = 1,
		                       .connect = SHUNT_CONNECT_RETRY,
		                       .forced = true,
		                       .name = "forced.example.com" };

	(void)state;
	forced.addresses[0] = address;
	give("off.example.com", SHUNT_CONNECT_OFF, &address);
	given_add(&forced);
	assert_false(given_any());
	assert_string_equal(name_of(&address), "none");
}

static void last_name_wins(void **state)
{
	struct shunt_address address = ipv4(2), other = ipv4(3);

	(void)state;
	give("a.example.com", SHUNT_CONNECT_RETRY, &address);
	assert_true(given_any());
	assert_string_equal(name_of(&address), "a.example.com");
	give("b.example.com", SHUNT_CONNECT_REDIRECT, &address);
	assert_string_equal(name_of(&address), "b.example.com");
	give("a.example.com", SHUNT_CONNECT_RETRY, &address);
	assert_string_equal(name_of(&address), "a.example.com");
	give("off.example.com", SHUNT_CONNECT_OFF, &other);
	give("off.example.com", SHUNT_CONNECT_OFF, &address);
	assert_string_equal(name_of(&address), "none");
	give("a.example.com", SHUNT_CONNECT_RETRY, &address);
	assert_string_equal(name_of(&address), "a.example.com");
	assert_string_equal(name_of(&other), "none");
}

/* A mapped address is the IPv4 one; a zone is part of an address. */
static void families(void **state)
{
	struct shunt_address mapped = { .family = SHUNT_FAMILY_IPV6 }, plain = ipv4(4);
	struct shunt_address zone = { .family = SHUNT_FAMILY_IPV6,
		                      .scope_id = 2,
		                      .word = { 0xfe, 0, 0, 9 } };

	(void)state;
	memset((unsigned char *)mapped.word + 10, 0xff, 2);
	mapped.word[3] = plain.word[0];
	give("mapped.example.com", SHUNT_CONNECT_RETRY, &mapped);
	assert_string_equal(name_of(&plain), "mapped.example.com");
	give("zone.example.com", SHUNT_CONNECT_RETRY, &zone);
	assert_string_equal(name_of(&zone), "zone.example.com");
	zone.scope_id = 3;
	assert_string_equal(name_of(&zone), "none");
}

static void doubt(void **state)
{
	struct shunt_address address = ipv4(5), other = ipv4(6);
	uint32_t now = tick_now();

	(void)state;
	give("doubt.example.com", SHUNT_CONNECT_RETRY, &address);
	assert_false(given_in_doubt(&address, now));
	given_fail(&address, now);
	given_fail(&other, now);
	assert_true(given_in_doubt(&address, now));
	assert_true(given_in_doubt(&address, now + TICKS_OF_MS(GIVEN_DOUBT_MS)));
	assert_false(given_in_doubt(&address, now + TICKS_OF_MS(GIVEN_DOUBT_MS) + 1));
	assert_false(given_in_doubt(&other, now));
}

/* Far more than there is room for: what was just given is there, and nothing has another name than its own. */
static void too_many(void **state)
{
	char name[64], expected[64];

	(void)state;
	for (uint32_t i = 0; i < 20 * GIVEN_ADDRESSES; i++) {
		struct shunt_address address = ipv4(0x10000 + i), before = ipv4(0x10000 + i / 2);

		snprintf(name, sizeof(name), "many-%u.example.com", i % 7);
		give(name, SHUNT_CONNECT_RETRY, &address);
		assert_string_equal(name_of(&address), name);
		snprintf(expected, sizeof(expected), "many-%u.example.com", i / 2 % 7);
		if (strcmp(name_of(&before), "none") != 0)
			assert_string_equal(name_of(&before), expected);
	}
	for (uint32_t i = 0; i < 4 * GIVEN_NAMES; i++) {
		struct shunt_address address = ipv4(0x20000 + i);

		snprintf(name, sizeof(name), "name-%u.example.com", i);
		give(name, SHUNT_CONNECT_RETRY, &address);
		if (strcmp(name_of(&address), "none") != 0)
			assert_string_equal(name_of(&address), name);
	}
}

/* Each thread gives addresses that replace those of the others; the name says which address it is. */
static void *give_many(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg;
	char name[64];

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t number = (seed = seed * 1664525u + 1013904223u) >> 16 & 8191;
		struct shunt_address address = ipv4(0x30000 + number);
		struct given found;

		snprintf(name, sizeof(name), "many-%u.example.com", number % 7);
		if (given_find(&address, &found) && strcmp(found.name, name) != 0)
			return "another address's name";
		give(name, SHUNT_CONNECT_RETRY, &address);
		given_fail(&address, i);
	}
	return NULL;
}

static void threads(void **state)
{
	pthread_t thread[THREADS];
	void *failure;

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, give_many, (void *)(i + 1)), 0);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &failure), 0);
		assert_null(failure);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),  cmocka_unit_test(last_name_wins),
		cmocka_unit_test(families), cmocka_unit_test(doubt),
		cmocka_unit_test(too_many), cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests_name("given", tests, NULL, NULL);
}
