#include "notify_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "moment.h"

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SEQ_TEXT_MAX 24

struct variable {
	const char *name, *value; /* "" and NULL do not apply */
};

static bool applies(const struct variable *variable)
{
	return variable->value && *variable->value;
}

static size_t count_words(char *const *argv, size_t *bytes)
{
	size_t count = 0;

	for (; argv[count]; count++)
		*bytes += strlen(argv[count]) + 1;
	return count;
}

/* One block, as spawn_start() takes it. */
static bool make(char *const *argv, const struct variable *variables, size_t variable_count,
                 struct spawn_program *program)
{
	size_t bytes = 0, words = count_words(argv, &bytes), set = 0;
	char **pointers, *text;

	for (size_t i = 0; i < variable_count; i++) {
		if (applies(&variables[i]))
			bytes += strlen(variables[i].name) + strlen(variables[i].value) + 2;
	}
	pointers = malloc((words + 1 + variable_count + 1) * sizeof(*pointers) + bytes);
	if (!pointers)
		return false;
	program->argv = pointers;
	program->environment = pointers + words + 1;
	text = (char *)(program->environment + variable_count + 1);
	for (size_t i = 0; i < words; i++) {
		program->argv[i] = text;
		text = stpcpy(text, argv[i]) + 1;
	}
	program->argv[words] = NULL;
	for (size_t i = 0; i < variable_count; i++) {
		if (!applies(&variables[i]))
			continue;
		program->environment[set++] = text;
		text = stpcpy(stpcpy(stpcpy(text, variables[i].name), "="), variables[i].value) + 1;
	}
	program->environment[set] = NULL;
	return true;
}

bool notify_program_make(char *const *argv, const struct event_item *event,
                         struct spawn_program *program)
{
	char seq[SEQ_TEXT_MAX], time[MOMENT_TEXT_MAX];
	const struct event_record *what = &event->what;
	const struct variable variables[] = {
		{ "PATH", SYSTEM_PATH },
		{ "SHUNT_SEQ", seq },
		{ "SHUNT_TIME", moment_format(event->time, time) },
		{ "SHUNT_TYPE", event_word(what->type) },
		{ "SHUNT_LEVEL", event_level(what->type) },
		{ "SHUNT_RECORD", what->record },
		{ "SHUNT_ENDPOINT", what->endpoint },
		{ "SHUNT_ADDRESS", what->address },
		{ "SHUNT_FROM", what->from },
		{ "SHUNT_TO", what->to },
		{ "SHUNT_REASON", what->reason },
		{ "SHUNT_TEXT", event->text },
	};

	snprintf(seq, sizeof(seq), "%llu", (unsigned long long)event->seq);
	*program = (struct spawn_program){ .input = event->json,
		                           .input_length = event->length,
		                           .errors = true };
	return make(argv, variables, sizeof(variables) / sizeof(variables[0]), program);
}
