#include "show/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/record.h"
#include "base/cli.h"
#include "base/human.h"

const char *answer_none(const char *active, const char *all_down)
{
	if (*active)
		return "no address";
	return strcmp(all_down, "dns") == 0 ? "(DNS)" : "(fails)";
}

static const char *address_at(const json_t *answer, size_t index)
{
	const char *address = json_string_value(json_array_get(answer, index));

	return address ? address : "?";
}

char *answer_words(const json_t *record)
{
	const json_t *answer = json_object_get(record, "answer");
	size_t count = json_array_size(answer), size = 1;
	char *words, *end;

	if (count == 0)
		return strdup(answer_none(record_field(record, "active"),
		                          record_field(record, "all_down")));
	for (size_t i = 0; i < count; i++)
		size += strlen(address_at(answer, i)) + 1;
	words = malloc(size);
	end = words;
	for (size_t i = 0; words && i < count; i++) {
		if (i > 0)
			*end++ = ' ';
		end = stpcpy(end, address_at(answer, i));
	}
	return words;
}

void answer_print(const json_t *record)
{
	char *words = answer_words(record), *line;
	const char *active = record_field(record, "active");

	if (asprintf(&line, "%s: %s%s%s: %s", record_field(record, "name"), words ? words : "?",
	             *active ? " from " : "", active, record_field(record, "reason")) >= 0) {
		puts(human_printable(line));
		free(line);
	}
	if (*record_field(record, "warning"))
		cli_error("warning: %s", record_field(record, "warning"));
	free(words);
}
