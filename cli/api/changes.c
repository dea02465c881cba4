#include "api/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/record.h"

/* When no endpoint answers, the all_down policy does. */
static const char *answer_of(const json_t *record)
{
	const char *active = record_field(record, "active");

	return *active ? active : record_field(record, "all_down");
}

json_t *changes_answers(const json_t *status)
{
	json_t *answers = json_object(), *record;
	size_t i;

	json_array_foreach (json_object_get(status, "records"), i, record) {
		json_object_set_new(answers, record_field(record, "name"),
		                    json_string(answer_of(record)));
	}
	return answers;
}

void changes_note(json_t *answers, const json_t *event)
{
	const char *name = record_field(event, "record");

	if (strcmp(record_field(event, "type"), "answer") == 0)
		json_object_set_new(answers, name, json_string(record_field(event, "to")));
}

static json_t *change(const json_t *record, const char *from)
{
	const char *name = record_field(record, "name"), *to = answer_of(record);
	const char *reason = record_field(record, "reason");
	json_t *event;
	char *text;

	if (asprintf(&text, "%s: %s -> %s: %s", name, from, to, reason) < 0)
		return NULL;
	event = json_pack("{s:O?, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "time",
	                  json_object_get(record, "since"), "type", "answer", "level", "warning",
	                  "record", name, "from", from, "to", to, "reason", reason, "text", text);
	free(text);
	return event;
}

json_t *changes_between(const json_t *answers, const json_t *status)
{
	json_t *events = json_array(), *record;
	size_t i;

	json_array_foreach (json_object_get(status, "records"), i, record) {
		const char *from = record_field(answers, record_field(record, "name"));

		if (*from && strcmp(from, answer_of(record)) != 0)
			json_array_append_new(events, change(record, from));
	}
	return events;
}
