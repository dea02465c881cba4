/* Where a connection goes, as a table of inputs and outputs; and what socket addresses become. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shim/connection/choice.h"
#include "shim/connection/destination.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct shunt_address address(const char *text)
{
	struct shunt_address made = { .family = SHUNT_FAMILY_IPV4 };

	if (inet_pton(AF_INET, text, made.word) != 1) {
		made.family = SHUNT_FAMILY_IPV6;
		assert_int_equal(inet_pton(AF_INET6, text, made.word), 1);
	}
	return made;
}

/*
 * A route in words: "a192.0.2.1 n?192.0.2.2 -192.0.2.3": 'a' answers, 'n' may follow, 'b' both, '-'
 * neither; '?' is in doubt.
 */
static struct table_route route_of(uint32_t connect, const char *words)
{
	struct table_route route = { .connect = connect };
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		uint32_t flags = *word == 'b'   ? SHUNT_ADDRESS_ANSWER | SHUNT_ADDRESS_NEXT
		                 : *word == 'a' ? SHUNT_ADDRESS_ANSWER
		                 : *word == 'n' ? SHUNT_ADDRESS_NEXT
		                                : 0;

		if (*++word == '?') {
			flags |= SHUNT_ADDRESS_DOUBT;
			word++;
		}
		route.addresses[route.count] = address(word);
		route.addresses[route.count++].flags = flags;
	}
	return route;
}

static const char *text_of(const struct shunt_address *found)
{
	static char text[INET6_ADDRSTRLEN];

	return found ? inet_ntop(found->family == SHUNT_FAMILY_IPV4 ? AF_INET : AF_INET6,
	                         found->word, text, sizeof(text))
	             : "none";
}

static void instead(void **state)
{
	static const struct {
		uint32_t connect;
		const char *route, *asked, *goes;
	} rows[] = {
		{ SHUNT_CONNECT_REDIRECT, "b192.0.2.1 n192.0.2.2", "192.0.2.1", "none" },
		{ SHUNT_CONNECT_REDIRECT, "b192.0.2.2 n192.0.2.1", "192.0.2.1", "192.0.2.2" },
		{ SHUNT_CONNECT_REDIRECT, "b192.0.2.2 -192.0.2.1", "192.0.2.1", "192.0.2.2" },
		{ SHUNT_CONNECT_REDIRECT, "b?192.0.2.2 n192.0.2.1", "192.0.2.1", "192.0.2.2" },
		{ SHUNT_CONNECT_REDIRECT, "-192.0.2.2 a192.0.2.3", "192.0.2.9", "192.0.2.3" },
		{ SHUNT_CONNECT_REDIRECT, "b192.0.2.2 b192.0.2.3", "192.0.2.3", "none" },
		{ SHUNT_CONNECT_REDIRECT, "n192.0.2.2", "192.0.2.1", "none" },
		{ SHUNT_CONNECT_REDIRECT, "", "192.0.2.1", "none" },
		{ SHUNT_CONNECT_RETRY, "b192.0.2.2 n192.0.2.1", "192.0.2.1", "none" },
		{ SHUNT_CONNECT_OFF, "b192.0.2.2 n192.0.2.1", "192.0.2.1", "none" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct table_route route = route_of(rows[i].connect, rows[i].route);
		struct shunt_address asked = address(rows[i].asked);

		assert_string_equal(text_of(choice_instead(&route, &asked)), rows[i].goes);
	}
}

/* Each address once, in this order; from the first one, which the program asked for. */
static void next(void **state)
{
	static const struct {
		const char *route, *order;
	} rows[] = {
		{ "b192.0.2.1 n192.0.2.2", "192.0.2.1 192.0.2.2" },
		{ "n192.0.2.1 b192.0.2.2", "192.0.2.1 192.0.2.2" },
		{ "b192.0.2.1 n?192.0.2.2 n192.0.2.3", "192.0.2.1 192.0.2.3 192.0.2.2" },
		{ "b192.0.2.1 -192.0.2.2 n192.0.2.3", "192.0.2.1 192.0.2.3" },
		{ "b192.0.2.1 b192.0.2.2 n192.0.2.3", "192.0.2.1 192.0.2.2 192.0.2.3" },
		{ "-192.0.2.1 n192.0.2.3 a?192.0.2.2", "192.0.2.1 192.0.2.2 192.0.2.3" },
		{ "a192.0.2.1 -192.0.2.2", "192.0.2.1" },
		{ "b2001:db8::1 n2001:db8::2", "2001:db8::1 2001:db8::2" },
		{ "b192.0.2.1 n192.0.2.2 n192.0.2.3 n192.0.2.4 n192.0.2.5 n192.0.2.6 n192.0.2.7 "
		  "n192.0.2.8 n192.0.2.9",
		  "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 "
		  "192.0.2.8" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct table_route route = route_of(SHUNT_CONNECT_RETRY, rows[i].route);
		const struct shunt_address *to = &route.addresses[0];
		struct choice_tried tried = { 0 };
		char order[256] = "";

		while (to && choice_remember(&tried, to)) {
			strcat(strcat(order, *order ? " " : ""), text_of(to));
			to = choice_next(&route, &tried);
		}
		assert_string_equal(order, rows[i].order);
		route.connect = SHUNT_CONNECT_OFF;
		tried.count = 0;
		assert_null(choice_next(&route, &tried));
	}
}

static void doubt(void **state)
{
	struct table_route route = route_of(SHUNT_CONNECT_RETRY, "b192.0.2.1 n?192.0.2.2");
	struct shunt_address other = address("192.0.2.3");

	(void)state;
	assert_false(choice_in_doubt(&route, &route.addresses[0]));
	assert_true(choice_in_doubt(&route, &route.addresses[1]));
	assert_false(choice_in_doubt(&route, &other));
}

static void failures(void **state)
{
	static const int yes[] = { ECONNREFUSED, ECONNRESET,  ECONNABORTED,
		                   EHOSTUNREACH, ENETUNREACH, ETIMEDOUT };
	static const int no[] = { 0,        EINPROGRESS, EALREADY, EISCONN,       EINTR,
		                  EBADF,    EADDRINUSE,  EACCES,   EADDRNOTAVAIL, ENOBUFS,
		                  ENOTSOCK, EAFNOSUPPORT };

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		assert_true(choice_is_failure(yes[i]));
	for (size_t i = 0; i < COUNT(no); i++)
		assert_false(choice_is_failure(no[i]));
}

/* The port, the flow and the form of a mapped address stay. */
static void destinations(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		                    .sin6_port = htons(81),
		                    .sin6_flowinfo = 7,
		                    .sin6_scope_id = 3 };
	struct shunt_address to = address("192.0.2.7");
	struct destination got;

	(void)state;
	in.sin_addr.s_addr = htonl(0xc0000201);
	assert_false(destination_read(&got, NULL, sizeof(in)));
	assert_false(destination_read(&got, (struct sockaddr *)&in, 1));
	assert_false(destination_read(&got, (struct sockaddr *)&in, sizeof(in) - 1));
	assert_false(destination_read(&got, (struct sockaddr *)&in6, sizeof(in6) - 1));
	assert_true(destination_read(&got, (struct sockaddr *)&in, sizeof(in)));
	assert_string_equal(text_of(&got.address), "192.0.2.1");
	assert_int_equal(got.port, htons(80));
	destination_move(&got, &to);
	assert_int_equal(got.place.in.sin_addr.s_addr, htonl(0xc0000207));
	assert_int_equal(got.place.in.sin_port, htons(80));
	assert_int_equal(got.size, sizeof(in));

	inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6.sin6_addr);
	assert_true(destination_read(&got, (struct sockaddr *)&in6, sizeof(in6)));
	assert_string_equal(text_of(&got.address), "192.0.2.1");
	destination_move(&got, &to);
	inet_pton(AF_INET6, "::ffff:192.0.2.7", &in6.sin6_addr);
	assert_memory_equal(&got.place.in6, &in6, sizeof(in6));

	inet_pton(AF_INET6, "fe80::1", &in6.sin6_addr);
	assert_true(destination_read(&got, (struct sockaddr *)&in6, sizeof(in6)));
	assert_int_equal(got.address.scope_id, 3);
	to = address("fe80::1");
	to.scope_id = 4;
	assert_false(destination_is(&to, &got.address));
	destination_move(&got, &to);
	assert_true(destination_is(&to, &got.address));
	in6.sin6_scope_id = 4;
	assert_memory_equal(&got.place.in6, &in6, sizeof(in6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instead),  cmocka_unit_test(next),         cmocka_unit_test(doubt),
		cmocka_unit_test(failures), cmocka_unit_test(destinations),
	};

	return cmocka_run_group_tests_name("choice", tests, NULL, NULL);
}
