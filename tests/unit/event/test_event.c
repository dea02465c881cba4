/* Events: one schema, numbered without gaps, the last ones kept, subscribers told in order. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/event/event.h"
#include "daemon/event/fields.h"
#include "daemon/event/ring.h"
#include "tests/support/unit.h"

static const struct event_record down = { .type = EVENT_HEALTH,
	                                  .record = "www.example.com",
	                                  .more = 3,
	                                  .endpoint = "primary",
	                                  .address = "192.0.2.10",
	                                  .from = "up",
	                                  .to = "down",
	                                  .reason = "connection \"refused\"" };

static struct event_item *last_item(void)
{
	return event_ring_get(event_ring_last());
}

static json_t *last_json(void)
{
	const struct event_item *item = last_item();
	json_t *json = json_loads(item->json, 0, NULL);

	assert_non_null(json);
	assert_int_equal(strlen(item->json), item->length);
	assert_int_equal(item->json[item->length - 1], '\n');
	assert_ptr_equal(strchr(item->json, '\n'), item->json + item->length - 1);
	return json;
}

static void assert_field(const json_t *json, const char *key, const char *value)
{
	const char *found = json_string_value(json_object_get(json, key));

	if (value)
		assert_string_equal(found ? found : "(absent)", value);
	else
		assert_null(found);
}

/* --- the schema --------------------------------------------------------------------------------- */

static void test_every_field(void **state)
{
	json_t *json;

	(void)state;
	event_emit(&down);
	json = last_json();
	assert_int_equal(json_integer_value(json_object_get(json, "seq")), event_ring_last());
	assert_int_equal(strlen(json_string_value(json_object_get(json, "time"))),
	                 strlen("2026-11-25T05:00:00Z"));
	assert_field(json, "type", "health");
	assert_field(json, "level", "info");
	assert_field(json, "record", "www.example.com");
	assert_int_equal(json_integer_value(json_object_get(json, "more")), 3);
	assert_field(json, "endpoint", "primary");
	assert_field(json, "address", "192.0.2.10");
	assert_field(json, "from", "up");
	assert_field(json, "to", "down");
	assert_field(json, "reason", "connection \"refused\"");
	assert_field(json, "text",
	             "www.example.com and 3 more: primary 192.0.2.10: up -> down: "
	             "connection \"refused\"");
	assert_int_equal(json_object_size(json), 12);
	json_decref(json);
}

static void test_what_does_not_apply_is_absent(void **state)
{
	json_t *json;

	(void)state;
	event_emit(&(struct event_record){ .type = EVENT_ISOLATED, .reason = "" });
	json = last_json();
	assert_field(json, "type", "isolated");
	assert_field(json, "level", "warning");
	assert_field(json, "text", "isolated");
	assert_int_equal(json_object_size(json), 5);
	json_decref(json);
}

/* JSON is UTF-8, whatever an endpoint said. */
static void test_foreign_bytes(void **state)
{
	json_t *json;

	(void)state;
	event_emit(&(struct event_record){ .type = EVENT_STATE, .reason = "caf\xe9" });
	json = last_json();
	assert_field(json, "reason", "caf?");
	json_decref(json);
}

static void test_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < EVENT_TYPES; i++) {
		const char *word = event_word((enum event_type)i);
		enum event_type found = EVENT_TYPES;

		assert_non_null(word);
		assert_true(event_find(word, &found));
		assert_int_equal(found, i);
	}
	assert_false(event_find("Answer", &(enum event_type){ 0 }));
	assert_false(event_find("", &(enum event_type){ 0 }));
}

/* --- the journal's fields ----------------------------------------------------------------------- */

static const char *field(const struct event_fields *fields, const char *name)
{
	for (const struct log_field *f = fields->list; f->name; f++) {
		if (strcmp(f->name, name) == 0)
			return f->value;
	}
	return NULL;
}

static void test_fields(void **state)
{
	struct event_fields fields;

	(void)state;
	event_fields(&down, 17, &fields);
	assert_string_equal(field(&fields, "SHUNT_TYPE"), "health");
	assert_string_equal(field(&fields, "SHUNT_SEQ"), "17");
	assert_string_equal(field(&fields, "SHUNT_RECORD"), "www.example.com");
	assert_string_equal(field(&fields, "SHUNT_ENDPOINT"), "primary");
	assert_string_equal(field(&fields, "SHUNT_ADDRESS"), "192.0.2.10");
	assert_string_equal(field(&fields, "SHUNT_FROM"), "up");
	assert_string_equal(field(&fields, "SHUNT_TO"), "down");
	assert_string_equal(field(&fields, "SHUNT_REASON"), "connection \"refused\"");
	event_fields(&(struct event_record){ .type = EVENT_SETTLED }, 0, &fields);
	assert_string_equal(field(&fields, "SHUNT_TYPE"), "settled");
	assert_string_equal(field(&fields, "SHUNT_SEQ"), "");
	assert_null(field(&fields, "SHUNT_RECORD"));
}

/* --- the last ones ------------------------------------------------------------------------------ */

static void test_the_last_are_kept(void **state)
{
	uint64_t before = event_ring_last(), bytes = event_ring_bytes();

	(void)state;
	for (unsigned i = 0; i < 2 * EVENT_KEPT + 7; i++)
		event_emit(&down);
	assert_int_equal(event_ring_last(), before + 2 * EVENT_KEPT + 7);
	assert_int_equal(event_ring_first(), event_ring_last() - EVENT_KEPT + 1);
	assert_null(event_ring_get(event_ring_first() - 1));
	assert_null(event_ring_get(event_ring_last() + 1));
	assert_null(event_ring_get(0));
	for (uint64_t seq = event_ring_first(); seq <= event_ring_last(); seq++) {
		const struct event_item *item = event_ring_get(seq);

		assert_int_equal(item->seq, seq);
		assert_int_equal(item->holders, 1);
		if (seq > event_ring_first())
			assert_int_equal(item->end, event_ring_get(seq - 1)->end + item->length);
	}
	assert_int_equal(last_item()->end, event_ring_bytes());
	assert_true(event_ring_bytes() > bytes);
}

/* A caller's strings are its own: an item that is held outlives them, and the ring. */
static void test_a_held_item_stays(void **state)
{
	char name[] = "db.example.com";
	struct event_item *item;

	(void)state;
	event_emit(&(struct event_record){ .type = EVENT_ANSWER, .record = name, .to = "dns" });
	item = event_hold(last_item());
	memset(name, 'x', sizeof(name) - 1);
	for (unsigned i = 0; i < EVENT_KEPT; i++)
		event_emit(&down);
	assert_null(event_ring_get(item->seq));
	assert_string_equal(item->what.record, "db.example.com");
	assert_string_equal(item->what.to, "dns");
	assert_null(item->what.from);
	assert_string_equal(item->text, "db.example.com -> dns");
	event_release(item);
}

static void test_a_life_has_a_name(void **state)
{
	(void)state;
	assert_int_equal(strlen(event_ring_boot()), EVENT_BOOT_MAX - 1);
	assert_int_equal(strspn(event_ring_boot(), "0123456789abcdef"), EVENT_BOOT_MAX - 1);
	assert_ptr_equal(event_ring_boot(), event_ring_boot());
}

/* --- subscribers -------------------------------------------------------------------------------- */

struct listener {
	struct event_subscriber subscriber;
	uint64_t told[8];
	size_t count;
};

static void on_event(void *arg, struct event_item *item)
{
	struct listener *listener = arg;

	assert_ptr_equal(event_ring_get(item->seq), item);
	listener->told[listener->count++] = item->seq;
}

static void test_subscribers(void **state)
{
	struct listener first = { .subscriber = { .on_event = on_event } }, second = first;
	uint64_t before = event_ring_last();

	(void)state;
	first.subscriber.arg = &first;
	second.subscriber.arg = &second;
	event_subscribe(&first.subscriber);
	event_emit(&down);
	event_subscribe(&second.subscriber);
	event_emit(&down);
	event_unsubscribe(&first.subscriber);
	event_emit(&down);
	event_unsubscribe(&second.subscriber);
	event_emit(&down);
	assert_int_equal(first.count, 2);
	assert_int_equal(first.told[0], before + 1);
	assert_int_equal(first.told[1], before + 2);
	assert_int_equal(second.count, 2);
	assert_int_equal(second.told[0], before + 2);
	assert_int_equal(second.told[1], before + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_what_does_not_apply_is_absent),
		cmocka_unit_test(test_foreign_bytes),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_the_last_are_kept),
		cmocka_unit_test(test_a_held_item_stays),
		cmocka_unit_test(test_a_life_has_a_name),
		cmocka_unit_test(test_subscribers),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
