#include "explain/lookup.h"

#include <stdbool.h>
#include <string.h>

#include "api/record.h"
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
	const char *told;         /* "daemon", "forced", "kept", "another" or "libc" */
	const char *cure;         /* what to do about it; NULL: nothing */
};

#define RUN "'shunt run -- PROGRAM', LD_PRELOAD in its unit, or the NSS module (nss-shunt(8))"

static bool is_set(const char *value)
{
	return value && *value && strcmp(value, "0") != 0;
}

/*
 * --- the door: preload or NSS -------------------------------------------------------------------
 */

static void say_door(json_t *step, const char *how, const struct process_library *library)
{
	step_say(step, "%s: %s", how, library->path);
	if (library->replaced)
		step_say(step,
		         "  that file has been replaced since: the program goes on with the old "
		         "one until it is restarted");
}

/* Why the process has no door. */
static void say_no_door(struct told *told, json_t *step)
{
	const struct process *process = told->process;
	const char *preload = process->ld_preload;

	told->cure = "restart it with " RUN;
	if (process->kind.is_static) {
		step_say(step, "none: it is statically linked, and no library reaches it");
		told->cure = "use a build of it that is dynamically linked with glibc";
	} else if (process->kind.is_musl) {
		step_say(step,
		         "none: it is a program of musl, and the library stays out of its way");
		told->cure = "use a build of it for glibc";
	} else if (process->secure) {
		step_say(step, "none: it runs with raised privileges, where the loader ignores "
		               "LD_PRELOAD");
		told->cure = "add the NSS module (nss-shunt(8)), and restart it";
	} else if (preload && strstr(preload, "libshunt.so")) {
		step_say(step,
		         "none: LD_PRELOAD names the library, but the loader did not take it: %s",
		         preload);
		told->cure =
		        process->kind.bits == 32
		                ? "is there a library of 32 bits? '$LIB' in the path has the "
		                  "loader choose the width; then restart it"
		                : "see that the file is there and may be read; then restart it";
	} else if (preload && *preload) {
		step_say(step, "none: LD_PRELOAD did not name libshunt.so when it started: %s",
		         preload);
	} else {
		step_say(step, "none: LD_PRELOAD was not set when it started");
	}
}

static bool find_door(struct told *told)
{
	const struct process *process = told->process;
	json_t *step = step_add(told->steps, "door");

	told->door = "none";
	if (process->preload.path[0] && !process->kind.is_musl) {
		told->door = "preload";
		say_door(step, "the preloaded library", &process->preload);
	} else if (process->nss.path[0]) {
		told->door = "nss";
		say_door(step, "the NSS module", &process->nss);
	} else if (process->nss_listed && !process->kind.is_static && !process->kind.is_musl) {
		told->door = "nss";
		step_say(step,
		         "the NSS module, which its first lookup loads: /etc/nsswitch.conf has it");
	} else {
		say_no_door(told, step);
		told->decided = "door";
	}
	return !told->decided;
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
	step_say(step, "attached to the daemon's present one");
}

static void say_other_table(struct told *told, json_t *step)
{
	const struct process *process = told->process;

	if (process->socket_is == PROCESS_SOCKET_SAME) {
		told->table = "older";
		step_say(step, "an older one: a reload or a restart has replaced it since its last "
		               "lookup; the next one takes the present table");
		return;
	}
	told->decided = "table";
	told->table = "another";
	if (process->socket_is == PROCESS_SOCKET_OTHER) {
		told->told = "another";
		step_say(step, "another daemon's, at %s", socket_of(process));
		told->cure =
		        "ask that daemon (--control), or restart the program without SHUNT_SOCKET";
		return;
	}
	told->told = "kept";
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
		step_say(step,
		         "none yet: it has looked nothing up, or found no daemon then; its next "
		         "lookup takes the present one");
		return;
	}
	told->decided = "table";
	if (process->socket_is == PROCESS_SOCKET_OTHER) {
		told->told = "another";
		step_say(step, "none yet; its next lookup asks another daemon, at %s",
		         socket_of(process));
		told->cure = "ask that daemon (--control), or restart the program with another "
		             "SHUNT_SOCKET";
		return;
	}
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

	if (process->secure || !process->force || !*process->force) {
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
	} others[] = { { "libc", "whatever libc finds, by /etc/hosts and DNS: shunt is not asked" },
		       { "another", "what that daemon says" },
		       { "kept",
		         "the last answer of the table that it has, while stale_limit lasts" } };
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

json_t *lookup_report(const json_t *status, const json_t *record, const struct process *process)
{
	struct told told = { .status = status,
		             .record = record,
		             .process = process,
		             .steps = json_array(),
		             .told = "libc" };
	json_t *answer;

	if (find_door(&told) && is_enabled(&told)) {
		find_table(&told);
		/* Without a table there is nothing to choose an endpoint from. */
		if (strcmp(told.told, "daemon") == 0)
			find_force(&told);
	}
	answer = answer_of(&told);
	say_answer(&told, answer);
	step_decide(told.steps, told.decided ? told.decided : "table");
	return report(&told, answer);
}
