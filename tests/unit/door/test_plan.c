/* Which connections lead elsewhere, for what the records answer; and what changes from one set to the next. */
#include "door/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door/place.h"
#include "policy/election.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX 4096

/* --- as text ---------------------------------------------------------------------------------- */

/* "192.0.2.1! 192.0.2.2": the addresses of an endpoint, those that answer with a mark. */
static void read_endpoint(char *text, struct publish_endpoint *endpoint)
{
	char *rest = NULL;

	*endpoint = (struct publish_endpoint){ 0 };
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *mark = strchr(word, '!');

		if (mark)
			*mark = '\0';
		endpoint->flags[endpoint->count] = mark ? SHUNT_ADDRESS_ANSWER : 0;
		assert_true(address_parse(word, &endpoint->addresses[endpoint->count++]));
	}
}

/* Endpoints with "; " between them. */
static size_t read_endpoints(const char *words, struct publish_endpoint *endpoints)
{
	char text[512], *rest = NULL;
	size_t count = 0;

	snprintf(text, sizeof(text), "%s", words);
	for (char *one = strtok_r(text, ";", &rest); one; one = strtok_r(NULL, ";", &rest))
		read_endpoint(one, &endpoints[count++]);
	return count;
}

static void write_place(char *text, const struct shunt_door_place *place)
{
	char words[ADDRESS_TEXT_MAX];
	struct address address;
	size_t length = strlen(text);

	place_address(place, &address);
	snprintf(text + length, TEXT_MAX - length, "%s:%u", address_format(&address, words),
	         (unsigned)(uint16_t)(place->port >> 8 | place->port << 8));
}

static const char *write_changes(const struct shunt_door_change *changes, size_t count,
                                 char text[TEXT_MAX])
{
	*text = '\0';
	for (size_t i = 0; i < count; i++) {
		strcat(text, i ? ", " : "");
		write_place(text, &changes[i].from);
		strcat(text, ">");
		write_place(text, &changes[i].to);
	}
	return text;
}

struct given {
	const char *endpoints;
	int answer;
	uint16_t ports[3]; /* ends with 0 */
};

static void make(struct plan *plan, const struct given *given, size_t count)
{
	*plan = (struct plan){ 0 };
	for (size_t i = 0; i < count && given[i].endpoints; i++) {
		struct publish_endpoint endpoints[SHUNT_ENDPOINTS_MAX];
		struct plan_record record = { .ports = given[i].ports,
			                      .endpoints = endpoints,
			                      .answer = given[i].answer };

		record.endpoint_count = read_endpoints(given[i].endpoints, endpoints);
		while (given[i].ports[record.port_count])
			record.port_count++;
		plan_record(plan, &record);
	}
	plan_finish(plan);
}

/* --- tests ------------------------------------------------------------------------------------ */

static const struct {
	struct given records[3];
	const char *expected;
} rows[] = {
	/* the standby's address leads to the primary, while that answers; and the other way round */
	{ { { "192.0.2.1!; 192.0.2.2!", 0, { 80 } } }, "192.0.2.2:80>192.0.2.1:80" },
	{ { { "192.0.2.1!; 192.0.2.2!", 1, { 80 } } }, "192.0.2.1:80>192.0.2.2:80" },
	/* each port keeps itself */
	{ { { "192.0.2.1!; 192.0.2.2!", 1, { 80, 443 } } },
	  "192.0.2.1:80>192.0.2.2:80, 192.0.2.1:443>192.0.2.2:443" },
	{ { { "192.0.2.1!; 192.0.2.2!", 1, { 0 } } }, "" },
	/* of an endpoint with several addresses those that are not answered lead to the first that is */
	{ { { "192.0.2.1 192.0.2.2! 192.0.2.3!", 0, { 80 } } }, "192.0.2.1:80>192.0.2.2:80" },
	{ { { "192.0.2.1! 192.0.2.2!; 192.0.2.9", 0, { 80 } } }, "192.0.2.9:80>192.0.2.1:80" },
	/* families stay apart */
	{ { { "192.0.2.1! 2001:db8::1!; 192.0.2.2! 2001:db8::2!", 1, { 80 } } },
	  "192.0.2.1:80>192.0.2.2:80, 2001:db8::1:80>2001:db8::2:80" },
	{ { { "192.0.2.1! 2001:db8::1!; 192.0.2.2!", 1, { 80 } } }, "192.0.2.1:80>192.0.2.2:80" },
	/* a mapped address is an IPv4 address */
	{ { { "::ffff:192.0.2.1; 192.0.2.2!", 1, { 80 } } }, "192.0.2.1:80>192.0.2.2:80" },
	/* an address with a zone is neither led nor led to */
	{ { { "fe80::1%1!; 2001:db8::2!", 1, { 80 } } }, "" },
	{ { { "2001:db8::1!; fe80::2%1! 2001:db8::2!", 1, { 80 } } },
	  "2001:db8::1:80>2001:db8::2:80" },
	/* no endpoint answers */
	{ { { "192.0.2.1!; 192.0.2.2!", ELECTION_DNS, { 80 } } }, "" },
	{ { { "192.0.2.1!; 192.0.2.2!", ELECTION_FAIL, { 80 } } }, "" },
	{ { { "192.0.2.1!; 192.0.2.2!", 2, { 80 } } }, "" },
	/* what another record answers stays, on its ports */
	{ { { "192.0.2.1!; 192.0.2.2!", 1, { 80 } }, { "192.0.2.1!", 0, { 80 } } }, "" },
	{ { { "192.0.2.1!; 192.0.2.2!", 1, { 80 } }, { "192.0.2.1!", 0, { 81 } } },
	  "192.0.2.1:80>192.0.2.2:80" },
	{ { { "192.0.2.1!", 0, { 80 } }, { "192.0.2.1!; 192.0.2.2!", 1, { 80 } } }, "" },
	/* of two that disagree the first decides */
	{ { { "192.0.2.1!; 192.0.2.2!", 1, { 80 } }, { "192.0.2.1!; 192.0.2.3!", 1, { 80 } } },
	  "192.0.2.1:80>192.0.2.2:80" },
	{ { { "192.0.2.1!; 192.0.2.3!", 1, { 80 } }, { "192.0.2.1!; 192.0.2.2!", 1, { 80 } } },
	  "192.0.2.1:80>192.0.2.3:80" },
};

static void leads(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[TEXT_MAX];
		struct plan plan;

		make(&plan, rows[i].records, COUNT(rows[i].records));
		assert_string_equal(write_changes(plan.changes, plan.count, text),
		                    rows[i].expected);
		plan_free(&plan);
	}
}

static void differences(void **state)
{
	static const struct {
		struct given before, after;
		const char *expected;
	} pairs[] = {
		{ { NULL, 0, { 0 } }, { NULL, 0, { 0 } }, "" },
		{ { NULL, 0, { 0 } },
		  { "192.0.2.1!; 192.0.2.2!", 1, { 80 } },
		  "192.0.2.1:80>192.0.2.2:80" },
		{ { "192.0.2.1!; 192.0.2.2!", 1, { 80 } },
		  { NULL, 0, { 0 } },
		  "192.0.2.1:80>192.0.2.1:80" },
		{ { "192.0.2.1!; 192.0.2.2!", 1, { 80 } },
		  { "192.0.2.1!; 192.0.2.2!", 1, { 80 } },
		  "" },
		{ { "192.0.2.1!; 192.0.2.2!", 1, { 80 } },
		  { "192.0.2.1!; 192.0.2.2!", 0, { 80 } },
		  "192.0.2.1:80>192.0.2.1:80, 192.0.2.2:80>192.0.2.1:80" },
		{ { "192.0.2.1!; 192.0.2.2!; 192.0.2.3!", 1, { 80 } },
		  { "192.0.2.1!; 192.0.2.2!; 192.0.2.3!", 2, { 80 } },
		  "192.0.2.1:80>192.0.2.3:80, 192.0.2.2:80>192.0.2.3:80, "
		  "192.0.2.3:80>192.0.2.3:80" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct shunt_door_change *changes;
		struct plan before, after;
		char text[TEXT_MAX];
		size_t count;

		make(&before, &pairs[i].before, 1);
		make(&after, &pairs[i].after, 1);
		changes = plan_difference(&before, &after, &count);
		assert_string_equal(write_changes(changes, count, text), pairs[i].expected);
		free(changes);
		plan_free(&before);
		plan_free(&after);
	}
}

/* The kernel's map has so much room; what does not fit is left as it was. */
static void bounded(void **state)
{
	struct publish_endpoint endpoints[2] = { { .count = SHUNT_ADDRESSES_MAX }, { .count = 1 } };
	const uint16_t port = 80;
	struct plan_record record = { &port, 1, endpoints, 2, 1 };
	struct plan plan = { 0 };

	(void)state;
	assert_true(address_parse("2001:db8::1", &endpoints[1].addresses[0]));
	endpoints[1].flags[0] = SHUNT_ADDRESS_ANSWER;
	for (uint32_t i = 0; i < SHUNT_DOOR_ENTRIES_MAX / SHUNT_ADDRESSES_MAX + 10; i++) {
		for (uint32_t k = 0; k < SHUNT_ADDRESSES_MAX; k++) {
			struct address *address = &endpoints[0].addresses[k];

			assert_true(address_parse("2001:db8:1::", address));
			address->byte[12] = (uint8_t)(i >> 8);
			address->byte[13] = (uint8_t)i;
			address->byte[14] = (uint8_t)k;
		}
		plan_record(&plan, &record);
	}
	plan_finish(&plan);
	assert_int_equal(plan.count, SHUNT_DOOR_ENTRIES_MAX);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leads),
		cmocka_unit_test(differences),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
