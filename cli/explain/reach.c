#include "explain/reach.h"

#include <stdbool.h>
#include <string.h>

#include "api/record.h"
#include "explain/step.h"

#define RUN "'shunt run -- PROGRAM', LD_PRELOAD in its unit, or the NSS module (nss-shunt(8))"
/* Only where the daemon has such doors: others' status has no "doors". */
#define CGROUP "a door of its cgroup (door in shunt.conf(5)), or "

/* --- a door that it has ----------------------------------------------------------------------- */

static void say_library(json_t *step, const char *how, const struct process_library *library)
{
	step_say(step, "%s: %s", how, library->path);
	if (library->replaced)
		step_say(step,
		         "  that file has been replaced since: the program goes on with the old "
		         "one until it is restarted");
}

/*
 * Go's own resolver does not ask libc, unless GODEBUG says so or nsswitch.conf has a source that it
 * does not know. A program that has a table has asked.
 */
static bool is_past_libc(const struct process *process)
{
	return process->kind.is_go && !process->mapped && !process->nss_listed &&
	       !(process->godebug && strstr(process->godebug, "netdns=cgo"));
}

static const char *library_door(const struct process *process, json_t *step)
{
	if (process->kind.is_static || process->kind.is_musl || is_past_libc(process))
		return NULL;
	if (process->preload.path[0]) {
		say_library(step, "the preloaded library", &process->preload);
		return "preload";
	}
	if (process->nss.path[0]) {
		say_library(step, "the NSS module", &process->nss);
		return "nss";
	}
	if (!process->nss_listed)
		return NULL;
	step_say(step, "the NSS module, which its first lookup loads: /etc/nsswitch.conf has it");
	return "nss";
}

/* Whether the cgroup is `top` or below it. */
static bool is_below(const char *cgroup, const char *top)
{
	const size_t length = strlen(top);

	return length && strncmp(cgroup, top, length) == 0 &&
	       (top[length - 1] == '/' || cgroup[length] == '/' || cgroup[length] == '\0');
}

static const char *cgroup_door(const json_t *status, const struct process *process, json_t *step)
{
	const json_t *door;
	size_t i;

	json_array_foreach (json_object_get(status, "doors"), i, door) {
		const char *cgroup = record_field(door, "cgroup");

		if (strcmp(record_field(door, "state"), "attached") != 0 ||
		    !is_below(process->cgroup, cgroup))
			continue;
		step_say(step,
		         "the door of its cgroup, %s: its lookups are libc's; a "
		         "connect to an endpoint that is lost goes to one that answers",
		         cgroup);
		return "bpf";
	}
	return NULL;
}

/* --- none ------------------------------------------------------------------------------------- */

/* LD_PRELOAD names the library, and it is not mapped. */
static struct reach not_taken(const struct process *process, json_t *step)
{
	step_say(step, "none: LD_PRELOAD names the library, but the loader did not take it: %s",
	         process->ld_preload);
	return (struct reach){
		.door = "none",
		.brief = "LD_PRELOAD not taken",
		.cure = process->kind.bits == 32
		                ? "is there a library of 32 bits? '$LIB' in the path has the "
		                  "loader choose the width; then restart it"
		                : "see that the file is there and may be read; then restart it",
	};
}

static struct reach not_preloaded(const struct process *process, json_t *step)
{
	const char *preload = process->ld_preload;

	if (preload && strstr(preload, "libshunt.so"))
		return not_taken(process, step);
	if (preload && *preload)
		step_say(step, "none: LD_PRELOAD did not name libshunt.so when it started: %s",
		         preload);
	else
		step_say(step, "none: LD_PRELOAD was not set when it started");
	return (struct reach){ .door = "none",
		               .brief = "not preloaded",
		               .cure = "restart it with " RUN };
}

/* Leaves out what this daemon does not have. */
static const char *possible(const json_t *status, const char *cure)
{
	const size_t length = strlen(CGROUP);

	if (json_is_array(json_object_get(status, "doors")) || strncmp(cure, CGROUP, length) != 0)
		return cure;
	return cure + length;
}

static struct reach no_door(const json_t *status, const struct process *process, json_t *step)
{
	const struct {
		bool matches;
		const char *words, *brief, *cure;
	} cases[] = {
		{ process->kind.is_static,
		  "none: it is statically linked, and no library reaches it", "statically linked",
		  CGROUP "a build of it that is dynamically linked with glibc" },
		{ process->kind.is_musl,
		  "none: it is a program of musl, and the library stays out of its way", "musl",
		  CGROUP "a build of it for glibc" },
		{ is_past_libc(process),
		  "none: it is a Go program, whose own resolver does not ask "
		  "libc",
		  "Go's own resolver",
		  CGROUP "restart it with GODEBUG=netdns=cgo, as 'shunt run' does" },
		{ process->secure,
		  "none: it runs with raised privileges, where the loader ignores LD_PRELOAD",
		  "raised privileges", "add the NSS module (nss-shunt(8)), and restart it" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!cases[i].matches)
			continue;
		step_say(step, "%s", cases[i].words);
		return (struct reach){ "none", cases[i].brief, possible(status, cases[i].cure) };
	}
	return not_preloaded(process, step);
}

struct reach reach_find(const json_t *status, const struct process *process, json_t *step)
{
	const char *door = library_door(process, step);

	if (!door)
		door = cgroup_door(status, process, step);
	return door ? (struct reach){ .door = door, .brief = "" } : no_door(status, process, step);
}
