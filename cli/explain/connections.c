#include "explain/connections.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "api/record.h"
#include "explain/step.h"

/* --- open connections ------------------------------------------------------------------------- */

static bool resets(const json_t *record, const char *option)
{
	return strcmp(record_field(record, option), "reset") == 0;
}

/* "192.0.2.10, 192.0.2.11" */
static const char *list_answer(const json_t *record, char *text, size_t size)
{
	size_t used = 0, i;
	json_t *one;

	*text = '\0';
	json_array_foreach (json_object_get(record, "answer"), i, one) {
		if (used < size && json_is_string(one))
			used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
			                         json_string_value(one));
	}
	return text;
}

static const char *list_ports(const json_t *record, char *text, size_t size)
{
	size_t used = 0, i;
	json_t *port;

	*text = '\0';
	json_array_foreach (json_object_get(record, "ports"), i, port) {
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? ", " : "",
			                         (long long)json_integer_value(port));
	}
	return text;
}

/* What would be reset if the record left the endpoint that answers. */
static void add_open(json_t *steps, const json_t *record)
{
	const char *active = record_field(record, "active");
	char addresses[1024], ports[160];
	json_t *step;

	if (!resets(record, "on_leave") && !resets(record, "on_return"))
		return;
	step = step_add(steps, "connections");
	if (resets(record, "on_leave"))
		step_say(step, "those to %s are reset once it is lost and another answers",
		         *active ? active : "an endpoint");
	if (resets(record, "on_return"))
		step_say(step, "those to %s are reset once an earlier one answers again",
		         *active ? active : "an endpoint");
	if (*active)
		step_say(step, "  to %s, port %s; not while it answers for another name",
		         list_answer(record, addresses, sizeof(addresses)),
		         list_ports(record, ports, sizeof(ports)));
}

/* --- new connections -------------------------------------------------------------------------- */

/* The addresses that a connection may go to beside those that answer; returns how many. */
static size_t say_followers(json_t *step, const json_t *record)
{
	const char *active = record_field(record, "active");
	const json_t *endpoint, *address;
	size_t i, k, count = 0;

	json_array_foreach (json_object_get(record, "endpoints"), i, endpoint) {
		json_array_foreach (json_object_get(endpoint, "addresses"), k, address) {
			if (!json_is_true(json_object_get(address, "may_follow")) ||
			    (strcmp(record_field(endpoint, "id"), active) == 0 &&
			     json_is_true(json_object_get(address, "answers"))))
				continue;
			step_say(step, "  %s (%s)%s", record_field(address, "address"),
			         record_field(endpoint, "id"),
			         json_is_true(json_object_get(address, "in_doubt")) ? ", in doubt"
			                                                            : "");
			count++;
		}
	}
	return count;
}

/* Nothing if connections are left alone, or the daemon does not say. */
static void add_new(json_t *steps, const json_t *record)
{
	const char *connect = record_field(record, "connect");
	json_t *step;

	if (!*connect || strcmp(connect, "off") == 0)
		return;
	step = step_add(steps, "connect");
	step_say(
	        step, "%s: %s", connect,
	        strcmp(connect, "redirect") == 0
	                ? "an address that was given for this name and does not answer any more is "
	                  "replaced by one that does"
	                : "connections go where the program asks");
	step_say(step, "what is refused there is tried at the addresses above, then at");
	if (say_followers(step, record) == 0)
		step_say(step, "  no other: the program sees the failure");
}

void connections_add(json_t *steps, const json_t *record)
{
	add_new(steps, record);
	add_open(steps, record);
}
