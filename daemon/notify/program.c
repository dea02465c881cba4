#include "notify/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/moment.h"
#include "event/event.h"
#include "event/fields.h"

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define OWN_FIELDS 4 /* variables that are not fields of the journal */

/* NULL and "" mean that the field does not apply. */
static bool applies(const struct log_field *variable)
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

/* Allocates one block, as spawn_start() requires. */
static bool make(char *const *argv, const struct log_field *variables, size_t variable_count,
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
	char time[MOMENT_TEXT_MAX];
	struct event_fields fields;
	struct log_field variables[EVENT_FIELDS + OWN_FIELDS] = {
		{ "PATH", SYSTEM_PATH },
		{ "SHUNT_TIME", moment_format(event->time, time) },
		{ "SHUNT_LEVEL", event_level(event->what.type) },
		{ "SHUNT_TEXT", event->text },
	};

	event_fields(&event->what, event->seq, &fields);
	memcpy(variables + OWN_FIELDS, fields.list, EVENT_FIELDS * sizeof(*variables));
	*program = (struct spawn_program){ .input = event->json,
		                           .input_length = event->length,
		                           .errors = true };
	return make(argv, variables, EVENT_FIELDS + OWN_FIELDS, program);
}
