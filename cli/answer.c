#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "words.h"

/* No endpoint answers: either DNS does, or lookups fail. */
static const char *no_answer(const json_t *record)
{
	return strcmp(record_field(record, "all_down"), "dns") == 0 ? "(DNS)" : "(fails)";
}

char *answer_words(const json_t *record)
{
	const json_t *answer = json_object_get(record, "answer");
	char *words = NULL;
	size_t size, i;
	json_t *address;
	FILE *stream = open_memstream(&words, &size);

	if (!stream)
		return NULL;
	json_array_foreach (answer, i, address) {
		fprintf(stream, "%s%s", i ? " " : "",
		        json_string_value(address) ? json_string_value(address) : "?");
	}
	if (i == 0)
		fputs(*record_field(record, "active") ? "no address" : no_answer(record), stream);
	fclose(stream);
	return words;
}

void answer_print(const json_t *record)
{
	char *words = answer_words(record), *line;
	const char *active = record_field(record, "active");

	if (asprintf(&line, "%s: %s%s%s: %s", record_field(record, "name"), words ? words : "?",
	             *active ? " from " : "", active, record_field(record, "reason")) >= 0) {
		puts(words_printable(line));
		free(line);
	}
	free(words);
}
