#include "explain/lookup.h"

#include <stdbool.h>
#include <string.h>

#include "api/record.h"
#include "explain/reach.h"
#include "explain/step.h"
#include "program/drill.h"

/* The findings, step by step; a step that stops the others says why libc answers. */
struct told {
	const json_t *status, *record;
	const struct process *process;
	const json_t *forced; /* the endpoint named by SHUNT_FORCE; NULL: none */
	json_t *steps;
	const char *door, *table; /* strings used in the report */
	const char *decided;      /* the step that decided */
	const char *told;         /* "daemon", "forced", "kept", "another", "connect" or "libc" */
	const char *brief;        /* the finding in a few words, for a table */
	const char *cure;         /* what to do about it; NULL: nothing */
};

/* Whether a variable has a value that the library reads. */
static bool is_set_in(const struct process *process, const char *value)
{
	return !process->secure && value && *value;
}

static bool is_set(const char *value)
{
	return value && *value && strcmp(value, "0") != 0;
}

/* --- the door --------------------------------------------------------------------------------- */

/* Returns false if that decides: it has no door, or one that lookups do not use. */
static bool find_door(struct told *told)
{
	const struct reach reach =
	        reach_find(told->status, told->process, step_add(told->steps, "door"));

	told->door = reach.door;
	told->brief = reach.brief;
	told->cure = reach.cure;
	if (strcmp(reach.door, "bpf") == 0)
		told->told = "connect";
	else if (strcmp(reach.door, "none") != 0)
		return true;
	told->decided = "door";
	return false;
}

/*
 * --- SHUNT_DISABLE ------------------------------------------------------------------------------
 */

static bool is_enabled(struct told *told)
{
	const struct process *process = told->process;

	if (process->secure || !is_set(process->disable))
		return true;
	step_say(step_add(told->steps, "switch"), "off: SHUNT_DISABLE was set when it started");
	told->decided = "switch";
	told->brief = "SHUNT_DISABLE is set";
	told->cure = "restart it without SHUNT_DISABLE";
	return false;
}

/* --- the table -------------------------------------------------------------------------------- */

static const char *socket_of(const struct process *process)
{
	return process->socket && *process->socket && !process->secure ? process->socket
	                                                               : "its default";
}

static void say_present_table(struct told *told, json_t *step)
{
	told->table = "present";
	told->brief = "attached";
	step_say(step, "attached to the daemon's present one");
}

static void say_other_table(struct told *told, json_t *step)
{
	const struct process *process = told->process;

	if (process->socket_is == PROCESS_SOCKET_SAME) {
		told->table = "older";
		told->brief = "attached, to an older table";
		step_say(step, "an older one: a reload or a restart has replaced it since its last "
		               "lookup; the next one takes the present table");
		return;
	}
	told->decided = "table";
	told->table = "another";
	if (process->socket_is == PROCESS_SOCKET_OTHER) {
		told->told = "another";
		told->brief = "attached to another daemon";
		step_say(step, "another daemon's, at %s", socket_of(process));
		told->cure =
		        "ask that daemon (--control), or restart the program without SHUNT_SOCKET";
		return;
	}
	told->told = "kept";
	told->brief = "keeps its last answers: its socket is gone";
	step_say(step,
	         "not this daemon's present one, and it cannot get that: there is no socket at "
	         "%s any more, as it sees its files",
	         socket_of(process));
	told->cure = "give it that socket, for a container the folder that it is in";
}

static void say_no_table(struct told *told, json_t *step)
{
	const struct process *process = told->process;

	told->table = "none";
	if (process->socket_is == PROCESS_SOCKET_SAME) {
		told->brief = "attaches at its next lookup";
		step_say(step,
		         "none yet: it has looked nothing up, or found no daemon then; its next "
		         "lookup takes the present one");
		return;
	}
	told->decided = "table";
	if (process->socket_is == PROCESS_SOCKET_OTHER) {
		told->told = "another";
		told->brief = "asks another daemon";
		step_say(step, "none yet; its next lookup asks another daemon, at %s",
		         socket_of(process));
		told->cure = "ask that daemon (--control), or restart the program with another "
		             "SHUNT_SOCKET";
		return;
	}
	told->brief = "its socket is not there";
	step_say(step,
	         "none, and it cannot get one: there is no socket at %s, as it sees its files",
	         socket_of(process));
	told->cure = "give it that socket, for a container the folder that it is in; or restart it "
	             "with SHUNT_SOCKET";
}

static void find_table(struct told *told)
{
	const struct process *process = told->process;
	json_t *step = step_add(told->steps, "table");
	json_int_t present = json_integer_value(json_object_get(told->status, "table"));

	told->told = "libc";
	if (!process->mapped)
		say_no_table(told, step);
	else if (present && process->table == (unsigned long long)present)
		say_present_table(told, step);
	else
		say_other_table(told, step);
	if (!told->decided)
		told->told = "daemon";
}

/*
 * --- SHUNT_FORCE --------------------------------------------------------------------------------
 */

static void find_force(struct told *told)
{
	const struct process *process = told->process;
	json_t *step = step_add(told->steps, "force");

	if (!is_set_in(process, process->force)) {
		step_say(step, "no SHUNT_FORCE: it gets the same answer as every program");
		return;
	}
	told->forced = drill_forced(told->status, told->record, process->force);
	if (!told->forced) {
		step_say(step, "SHUNT_FORCE has no endpoint of this name: %.200s", process->force);
		return;
	}
	step_say(step, "SHUNT_FORCE gives it %s, whatever the daemon says",
	         record_field(told->forced, "id"));
	told->decided = "force";
	told->told = "forced";
	told->cure = "to end the drill, restart it without SHUNT_FORCE";
}

/* --- the answer ------------------------------------------------------------------------------- */

/* The addresses of an endpoint that are part of the answer. */
static json_t *addresses_of(const json_t *endpoint)
{
	json_t *list = json_array(), *address;
	size_t i;

	json_array_foreach (json_object_get(endpoint, "addresses"), i, address) {
		if (json_is_true(json_object_get(address, "answers")))
			json_array_append(list, json_object_get(address, "address"));
	}
	return list;
}

/* NULL: not known to this daemon. */
static json_t *answer_of(const struct told *told)
{
	if (strcmp(told->told, "forced") == 0)
		return addresses_of(told->forced);
	if (strcmp(told->told, "daemon") == 0)
		return json_incref(json_object_get(told->record, "answer"));
	return json_null();
}

static void say_answer(struct told *told, const json_t *answer)
{
	static const struct {
		const char *told, *words;
	} others[] = {
		{ "connect", "whatever libc finds; a connect to an endpoint that is lost goes "
		             "to one that answers" },
		{ "libc", "whatever libc finds, by /etc/hosts and DNS: shunt is not asked" },
		{ "another", "what that daemon says" },
		{ "kept", "the last answer of the table that it has, while stale_limit lasts" }
	};
	json_t *step = step_add(told->steps, "answer"), *address;
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i].told, told->told) == 0)
			step_say(step, "%s", others[i].words);
	json_array_foreach (answer, i, address) {
		step_say(step, "%s", json_string_value(address) ? json_string_value(address) : "?");
	}
	if (json_is_array(answer) && i == 0)
		step_say(step, "no address: as all_down says");
	if (told->cure)
		step_say(step, "To change that: %s.", told->cure);
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *report(const struct told *told, json_t *answer)
{
	const struct process *process = told->process;
	const struct process_library *library =
	        strcmp(told->door, "nss") == 0 ? &process->nss : &process->preload;

	return json_pack(
	        "{s:i, s:o, s:i, s:s, s:o, s:b, s:o, s:o, s:s, s:o, s:o}", "pid", (int)process->pid,
	        "program", text_or_null(process->program), "bits", (int)process->kind.bits, "door",
	        told->door, "library", text_or_null(library->path), "replaced", library->replaced,
	        "table", text_or_null(told->table), "forced",
	        told->forced ? json_incref(json_object_get(told->forced, "id")) : json_null(),
	        "told", told->told, "answer", answer, "steps", told->steps);
}

/* From the door to the table: what is the same for each name. Returns whether a table is asked. */
static bool examine(struct told *told)
{
	if (!find_door(told) || !is_enabled(told))
		return false;
	find_table(told);
	/* Without a table there is nothing to choose an endpoint from. */
	return strcmp(told->told, "daemon") == 0;
}

json_t *lookup_report(const json_t *status, const json_t *record, const struct process *process)
{
	struct told told = { .status = status,
		             .record = record,
		             .process = process,
		             .steps = json_array(),
		             .told = "libc" };
	json_t *answer;

	if (examine(&told))
		find_force(&told);
	answer = answer_of(&told);
	say_answer(&told, answer);
	step_decide(told.steps, told.decided ? told.decided : "table");
	return report(&told, answer);
}

json_t *lookup_reach(const json_t *status, const struct process *process)
{
	struct told told = {
		.status = status, .process = process, .steps = json_array(), .told = "libc"
	};
	json_t *whole;

	if (examine(&told) && is_set_in(process, process->force))
		step_say(step_add(told.steps, "force"),
		         "SHUNT_FORCE, for these names whatever the daemon says: %.200s",
		         process->force);
	step_decide(told.steps, told.decided ? told.decided : "table");
	whole = report(&told, json_null());
	json_object_del(whole, "answer");
	json_object_del(whole, "forced");
	json_object_set_new(whole, "uid", json_integer(process->uid));
	json_object_set_new(whole, "brief", json_string(told.brief));
	json_object_set_new(whole, "cure", text_or_null(told.cure));
	return whole;
}
