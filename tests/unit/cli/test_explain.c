/* explain: which step decided, in what words, and what is read from /proc. Tables of JSON and text in, text out. */
#include <stdarg.h>
#include <stddef.h>

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain/decision.h"
#include "cli/explain/lookup.h"
#include "cli/explain/step.h"
#include "cli/explain/summary.h"
#include "cli/program/process.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW 1767225600 /* 2026-01-01T00:00:00Z */

/* --- the steps of a record ---------------------------------------------------------------------- */

#define ADDRESS(address, health, more)                                                             \
	"{'address':'" address "','health':'" health "','answers':true," more "}"
#define CHECKED                                                                                    \
	"'check':'http','check_settings':{'name':'web','port':80,'path':'/health','interval_ms':"  \
	"10000,'fall':3,'rise':2,'invert':false,'disabled':false},'min_up':1"
#define PRIMARY(health, more)                                                                      \
	"{'id':'primary','health':'" health "'," CHECKED                                           \
	",'addresses':[" ADDRESS("192.0.2.1", health, more) "]}"
#define SECONDARY                                                                                  \
	"{'id':'secondary','health':'up','check':null,'addresses':[" ADDRESS(                      \
	        "192.0.2.2", "up", "'last_error':null") "]}"
#define AUTO "{'policy':'auto','delay_ms':0,'wait_ms':0,'at':null}"
#define RECORD(rule, active, failback, all_down, override, endpoints)                              \
	"{'name':'www.example.com','rule':'" rule "','active':" active ",'elected':" active        \
	",'answer':['192.0.2.2'],'failback':" failback ",'all_down':'" all_down                    \
	"','override':" override ",'endpoints':[" endpoints "]}"
#define FINE "'needed':3,'against':0,'held':0,'last_error':null"
#define BAD "'needed':2,'against':0,'held':0,'last_error':'refused'"

/* JSON is written with ' for ". */
static json_t *parsed(const char *text)
{
	char *copy = strdup(text);
	json_t *json;

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	json = json_loads(copy, 0, NULL);
	assert_non_null(json);
	free(copy);
	return json;
}

static char *printed(const json_t *steps, bool bold)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	step_print(steps, 80, bold, out);
	fclose(out);
	return text;
}

static char *explained(const char *status_text, const char *record_text)
{
	json_t *status = parsed(status_text), *record = parsed(record_text);
	json_t *steps = decision_steps(status, record, NOW);
	char *text = printed(steps, false);

	json_decref(steps);
	json_decref(record);
	json_decref(status);
	return text;
}

#define GOOD "{'settled':true,'isolated':false}"

#define FOLLOWS(more) "'may_follow':true,'last_error':null" more

/* What a connection does, and nothing where it is left alone or the daemon does not say. */
static void connections(void **state)
{
	static const struct {
		const char *connect, *endpoints, *words;
	} cases[] = {
		{ "null", PRIMARY("up", FINE), NULL },
		{ "null,'connect':'off'", PRIMARY("up", FINE), NULL },
		{ "null,'connect':'retry'", PRIMARY("up", FOLLOWS("")) "," SECONDARY,
		  "no other: the program sees the failure\n" },
		{ "null,'connect':'retry'",
		  PRIMARY("up",
		          FOLLOWS("")) ",{'id':'secondary','health':'up','check':null,"
		                       "'addresses':[" ADDRESS("192.0.2.2", "up",
		                                               FOLLOWS(",'in_doubt':true")) "]}",
		  "192.0.2.2 (secondary), in doubt\n" },
		{ "null,'connect':'redirect'", PRIMARY("up", FINE), "redirect: an address that" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char record[4096], *text;

		snprintf(record, sizeof(record),
		         RECORD("healthy", "'primary'", AUTO, "primary", "%s", "%s"),
		         cases[i].connect, cases[i].endpoints);
		text = explained(GOOD, record);
		if (cases[i].words)
			assert_non_null(strstr(text, cases[i].words));
		else
			assert_null(strstr(text, "CONNECT"));
		free(text);
	}
}

/* The longest title is whole, and the text of all steps stands in one column. */
static void open_connections(void **state)
{
	char *text = explained(GOOD,
	                       RECORD("healthy", "'primary'", AUTO, "primary",
	                              "null,'on_leave':'reset','ports':[80]", PRIMARY("up", FINE)));

	(void)state;
	assert_non_null(strstr(text, "\n  CONNECTIONS  those to primary are reset once it is lost "
	                             "and another answers\n"
	                             "                 to 192.0.2.2, port 80; not while it "
	                             "answers for another name\n"));
	assert_non_null(strstr(text, "\n  ADDRESSES    "));
	free(text);
}

#define VOTES(id, health, down, sites, up)                                                         \
	"{'endpoint':'" id "','health':'" health "','down':" down ",'sites':" sites ",'up':" up    \
	",'unknown':0}"
#define FLEET(mode, order, disagree)                                                               \
	"null,'fleet':{'scope':'quorum','share':50,'sites':2,'live':3,'agreed':'secondary',"       \
	"'mode':'" mode "','disagree':" disagree ",'order':" order ",'endpoints':[" VOTES(         \
	        "primary", "down", "2", "2", "1") "," VOTES("secondary", "up", "0", "0", "3") "]}"
#define ORDER(until, hosts)                                                                        \
	"{'endpoint':'secondary','by':'root@db-7','reason':'disk','since':'2025-12-31T23:00:00Z'," \
	"'until':" until ",'hosts':" hosts "}"
#define LOST                                                                                       \
	"{'settled':true,'isolated':false,'fleet':{'state':'lost','since':'2025-12-31T23:00:00Z'," \
	"'error':'https://10.0.0.1:2379: connection refused'}}"

/* What the fleet says, whether it decided, and what this host does without it. */
static void the_fleet(void **state)
{
	static const struct {
		const char *status, *rule, *fleet, *decided, *words;
	} cases[] = {
		{ GOOD, "failover", FLEET("agreed", "null", "0"), "> FLEET",
		  "3 hosts vote; an endpoint is down for all if more than 50% say so,\n"
		  "               at 2 sites or more\n"
		  "               primary down: down for 2 at 2 sites, up for 1, no verdict on 0\n"
		  "               secondary up: down for 0, up for 3, no verdict on 0\n"
		  "             secondary is agreed\n" },
		{ GOOD, "failover", FLEET("agreed", "null", "1"), "> FLEET",
		  "1 host answers otherwise: 'shunt status --fleet www.example.com'" },
		{ GOOD, "ordered", FLEET("agreed", ORDER("null", "null"), "0"), "> FLEET",
		  "an order for all hosts: secondary, by root@db-7 since\n"
		  "               2025-12-31T23:00:00Z: disk\n" },
		{ GOOD, "ordered", FLEET("agreed", ORDER("null", "['a','b']"), "0"), "> FLEET",
		  "until 'shunt auto --fleet' ends it\n" },
		{ GOOD, "failover", FLEET("agreed", ORDER("'2026-01-01T01:00:00Z'", "['a']"), "0"),
		  "> FLEET", "an order for 1 host: secondary," },
		{ GOOD, "forced", FLEET("agreed", "null", "1"), "> OVERRIDE",
		  "secondary is agreed" },
		{ LOST, "failover", FLEET("alone", "null", "0"), "> HEALTH",
		  "this host decides alone, by its own checks\n"
		  "               etcd is lost since 2025-12-31T23:00:00Z: "
		  "https://10.0.0.1:2379:" },
		{ LOST, "failover", FLEET("held", "null", "0"), "> FLEET", "the answer holds" },
		{ GOOD, "start", FLEET("awaited", "null", "0"), "> FLEET",
		  "etcd is awaited, for 2s at most" },
		/* a daemon of before, and a record of this host alone */
		{ GOOD, "failover", "null", "> HEALTH", "FAILBACK" },
		{ GOOD, "failover", "null,'fleet':null", "> HEALTH", "FAILBACK" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char record[4096], *text;

		snprintf(record, sizeof(record),
		         RECORD("%s", "'secondary'", AUTO, "primary", "%s", PRIMARY("up", FINE)),
		         cases[i].rule, cases[i].fleet);
		text = explained(cases[i].status, record);
		if (!strstr(text, cases[i].decided) || !strstr(text, cases[i].words))
			print_error("no \"%s\" or \"%s\" in:\n%s", cases[i].decided, cases[i].words,
			            text);
		assert_non_null(strstr(text, cases[i].decided));
		assert_non_null(strstr(text, cases[i].words));
		/* The checks of this host do not claim the answer of the fleet. */
		assert_true(!strstr(text, "> FLEET") || !strstr(text, "So secondary answers"));
		free(text);
	}
}

static void each_rule_has_its_step(void **state)
{
	static const struct {
		const char *status, *record, *decided, *words;
	} cases[] = {
		{ GOOD,
		  RECORD("healthy", "'primary'", AUTO, "primary", "null", PRIMARY("up", FINE)),
		  "> HEALTH", "So primary answers: it is the first, and up." },
		{ GOOD,
		  RECORD("failover", "'secondary'", AUTO, "primary", "null",
		         PRIMARY("down", BAD) "," SECONDARY),
		  "> HEALTH", "So secondary answers: the first in order that is up." },
		{ GOOD,
		  RECORD("unproven", "'secondary'", AUTO, "primary", "null", PRIMARY("down", BAD)),
		  "> HEALTH",
		  "So secondary answers: none is up, and it is the first that may be." },
		{ GOOD,
		  RECORD("start", "'primary'", AUTO, "primary", "null", PRIMARY("unknown", FINE)),
		  "> HEALTH", "192.0.2.1 unknown: its first result decides" },
		{ GOOD, RECORD("no_address", "null", AUTO, "hold", "null", ""), "> HEALTH",
		  "no endpoint has an address, so lookups fail (all_down = \"hold\")" },
		{ GOOD,
		  RECORD("delay", "'secondary'",
		         "{'policy':'auto','delay_ms':300000,'wait_ms':420000,'at':'2026-01-01T00:"
		         "03:20Z'}",
		         "primary", "null", PRIMARY("up", FINE) "," SECONDARY),
		  "> FAILBACK", "primary is up, and takes over in 3m 20s, at" },
		{ GOOD,
		  RECORD("delay", "'secondary'",
		         "{'policy':'auto','delay_ms':300000,'wait_ms':420000,'at':'2026-01-01T00:"
		         "03:20Z'}",
		         "primary", "null", PRIMARY("up", FINE) "," SECONDARY),
		  "> FAILBACK", "has been up for 7m, of" },
		{ GOOD,
		  RECORD("manual", "'secondary'",
		         "{'policy':'manual','delay_ms':0,'wait_ms':0,'at':null}", "primary",
		         "null", PRIMARY("up", FINE) "," SECONDARY),
		  "> FAILBACK", "primary is up, and waits: 'shunt auto www.example.com'" },
		{ GOOD, RECORD("all_down", "'primary'", AUTO, "hold", "null", PRIMARY("down", BAD)),
		  "> ALL DOWN",
		  "no endpoint is up, so the last answer stays (all_down = \"hold\")" },
		{ GOOD, RECORD("all_down", "null", AUTO, "dns", "null", PRIMARY("down", BAD)),
		  "> ALL DOWN", "so DNS answers, as if the name were not managed" },
		{ GOOD,
		  RECORD("forced", "'secondary'", AUTO, "primary",
		         "{'endpoint':'secondary','by':'root','since':'2026-01-01T00:00:00Z','"
		         "until':'2026-01-01T00:30:00Z','reason':'disk'}",
		         PRIMARY("up", FINE)),
		  "> OVERRIDE", "until 2026-01-01T00:30:00Z, in 30m; 'shunt auto' ends it sooner" },
		{ GOOD,
		  RECORD("healthy", "'primary'", AUTO, "primary",
		         "{'endpoint':'secondary','by':'root','since':'2026-01-01T00:00:00Z','"
		         "until':null,'reason':null}",
		         PRIMARY("up", FINE)),
		  "> HEALTH", "it has no address now, so the checks decide" },
		{ "{'settled':true,'isolated':true}",
		  RECORD("healthy", "'primary'", AUTO, "primary", "null,'holds':true",
		         PRIMARY("up", FINE)),
		  "> ISOLATION", "yes: nothing beyond this host answers" },
		{ "{'settled':true,'isolated':true}",
		  RECORD("failover", "'secondary'", AUTO, "primary", "null,'holds':false",
		         PRIMARY("down", BAD) "," SECONDARY),
		  "> HEALTH", "So secondary answers: the first in order that is up." },
		{ "{'settled':false,'isolated':false}",
		  RECORD("start", "'primary'", AUTO, "primary", "null", PRIMARY("unknown", FINE)),
		  "> HEALTH", "no: the first checks are in progress" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = explained(cases[i].status, cases[i].record);
		char *mark = strchr(text, '>');

		if (!strstr(text, cases[i].words))
			fail_msg("case %zu lacks \"%s\":\n%s", i, cases[i].words, text);
		if (!mark || strncmp(mark, cases[i].decided, strlen(cases[i].decided)) != 0 ||
		    strchr(mark + 1, '>'))
			fail_msg("case %zu does not have \"%s\" alone:\n%s", i, cases[i].decided,
			         text);
		free(text);
	}
}

static void an_address_tells_how_far_it_is(void **state)
{
	static const struct {
		const char *health, *address, *words;
	} cases[] = {
		{ "up", ADDRESS("192.0.2.1", "up", FINE),
		  "192.0.2.1 up: 3 failures in a row would take it down\n" },
		{ "up",
		  ADDRESS("192.0.2.1", "up",
		          "'needed':3,'against':1,'held':0,'last_error':'refused'"),
		  "192.0.2.1 up: refused; 1 of 3 failures in a row\n" },
		{ "down", ADDRESS("192.0.2.1", "down", BAD),
		  "192.0.2.1 down: refused; needs 2 passes in a row\n" },
		{ "down",
		  ADDRESS("192.0.2.1", "down",
		          "'needed':1,'against':0,'held':0,'last_error':'refused'"),
		  "192.0.2.1 down: refused; needs 1 pass\n" },
		{ "down",
		  ADDRESS("192.0.2.1", "down", "'needed':3,'against':2,'held':0,'last_error':null"),
		  "192.0.2.1 down: 2 of 3 passes in a row\n" },
		{ "up",
		  ADDRESS("192.0.2.1", "up",
		          "'needed':3,'against':0,'held':2,'last_error':'timed out'"),
		  "2 failures not counted yet: this host may be cut off\n" },
		{ "up", ADDRESS("192.0.2.1", "up", FINE ",'watch':'held'"),
		  "watched: probed as soon as its connection ends\n" },
		{ "down", ADDRESS("192.0.2.1", "down", BAD ",'watch':'off'"),
		  "watched: no connection is held before a probe passes\n" },
		{ "down",
		  ADDRESS("192.0.2.1", "down",
		          "'needed':null,'against':0,'held':0,'last_error':'a and b are down'"),
		  "192.0.2.1 down: a and b are down\n" },
		{ "up",
		  ADDRESS("192.0.2.1", "up",
		          "'needed':3,'against':0,'held':0,'no_verdict_since':'2026-01-01T00:00:"
		          "00Z','no_verdict_side':'host'"),
		  "no verdict since 2026-01-01T00:00:00Z, a fault of this host\n" },
		{ "up",
		  ADDRESS("192.0.2.1", "up",
		          "'needed':3,'against':0,'held':0,'no_verdict_since':'2026-01-01T00:00:"
		          "00Z','no_verdict_side':'unknown'"),
		  "no verdict since 2026-01-01T00:00:00Z, of unknown cause\n" },
		{ "up",
		  ADDRESS("192.0.2.1", "up",
		          "'needed':3,'against':0,'held':0,'no_verdict_since':'2026-01-01T00:00:"
		          "00Z','no_verdict_side':'check'"),
		  "no verdict since 2026-01-01T00:00:00Z, a fault of the check's\n"
		  "                 command\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *record, *text;

		assert_true(asprintf(&record,
		                     "{'rule':'healthy','active':'primary','answer':[],"
		                     "'endpoints':[{'id':'primary','health':'%s'," CHECKED
		                     ",'addresses':[%s]}]}",
		                     cases[i].health, cases[i].address) > 0);
		text = explained(GOOD, record);
		if (!strstr(text, cases[i].words))
			fail_msg("case %zu lacks \"%s\":\n%s", i, cases[i].words, text);
		free(record);
		free(text);
	}
}

#define LONG "sixty-three-characters-are-what-a-label-may-have-and-no-more-aa"

static void lines_keep_to_eighty_columns(void **state)
{
	json_t *steps = json_array(), *step = step_add(steps, "all_down");
	char *text, *line, *rest;

	(void)state;
	step_say(step, "%s", LONG "." LONG "." LONG);
	step_say(step, "  a detail of many words that goes on and on and would not end in one "
	               "line, \033[31m"
	               "or in two");
	text = rest = printed(steps, false);
	assert_null(strchr(text, '\033'));
	while ((line = strsep(&rest, "\n"))) {
		assert_true(strlen(line) <= 80);
		assert_true(!*line || line[strlen(line) - 1] != ' ');
	}
	free(text);
	step_decide(steps, "all_down");
	text = printed(steps, true);
	assert_int_equal(strncmp(text, "\033[1m> ALL DOWN   sixty", 22), 0);
	free(text);
	json_decref(steps);
}

/* --- what /proc says ---------------------------------------------------------------------------- */

static FILE *file_of(const char *text)
{
	FILE *file = fmemopen((char *)text, strlen(text), "r");

	assert_non_null(file);
	return file;
}

/* A process without a library is reached by the door of its cgroup, if that is attached. */
static void a_cgroup_has_a_door(void **state)
{
	static const struct {
		const char *cgroup, *doors, *door;
	} cases[] = {
		{ "/system.slice/app.service", "[]", "none" },
		{ "/system.slice/app.service",
		  "[{'cgroup':'/system.slice/app.service','state':'attached'}]", "bpf" },
		{ "/system.slice/app.service/one",
		  "[{'cgroup':'/x','state':'attached'},{'cgroup':'/system.slice/app.service','"
		  "state':'attached'}]",
		  "bpf" },
		{ "/system.slice/app.service",
		  "[{'cgroup':'/system.slice/app.service','state':'failed'}]", "none" },
		{ "/system.slice/app.service2",
		  "[{'cgroup':'/system.slice/app.service','state':'attached'}]", "none" },
		{ "/system.slice", "[{'cgroup':'/system.slice/app.service','state':'attached'}]",
		  "none" },
		{ "/any", "[{'cgroup':'/','state':'attached'}]", "bpf" },
		{ "", "[{'cgroup':'/a','state':'attached'}]", "none" },
		{ "/a", "[{'state':'attached'}]", "none" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct process process = { .pid = 1, .kind = { .bits = 64, .is_static = true } };
		json_t *status = json_pack("{s:o}", "doors", parsed(cases[i].doors));
		json_t *report;

		snprintf(process.cgroup, sizeof(process.cgroup), "%s", cases[i].cgroup);
		report = lookup_reach(status, &process);
		if (strcmp(json_string_value(json_object_get(report, "door")), cases[i].door) != 0)
			fail_msg("case %zu: %s", i,
			         json_string_value(json_object_get(report, "door")));
		assert_string_equal(json_string_value(json_object_get(report, "told")),
		                    strcmp(cases[i].door, "bpf") == 0 ? "connect" : "libc");
		if (strcmp(cases[i].door, "none") == 0)
			assert_non_null(strstr(json_string_value(json_object_get(report, "cure")),
			                       "a door of its cgroup"));
		json_decref(report);
		json_decref(status);
	}
}

static void the_cgroup_is_read(void **state)
{
	static const struct {
		const char *text, *cgroup;
	} cases[] = { { "0::/system.slice/a.service\n", "/system.slice/a.service" },
		      { "12:cpu:/old\n0::/new\n", "/new" },
		      { "1:name=systemd:/only\n", "" },
		      { "0::/\n", "/" } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct process process = { 0 };
		FILE *file = file_of(cases[i].text);

		process_read_cgroup(&process, file);
		fclose(file);
		assert_string_equal(process.cgroup, cases[i].cgroup);
	}
}

#define REPORT(pid, door, user, program, brief, cure)                                              \
	"{'pid':" pid ",'door':'" door "','user':'" user "','program':'" program                   \
	"','brief':'" brief "','cure':" cure "}"

/* Alike processes stand in one line, those with a door first; each cure stands once. */
static void processes_are_summarized(void **state)
{
	json_t *reports = parsed("[" REPORT("9", "none", "app", "/bin/b", "statically linked", "'use another'") "," REPORT(
	        "7", "none", "app", "/bin/a", "statically linked",
	        "'use another'") "," REPORT("8", "none", "app", "/bin/a", "statically linked",
	                                    "'use another'") "," REPORT("3", "none", "root",
	                                                                "/bin/a",
	                                                                "statically linked",
	                                                                "'use another'") "," REPORT("5",
	                                                                                            "nss",
	                                                                                            "app",
	                                                                                            "/bin/z",
	                                                                                            "attached",
	                                                                                            "null") "," REPORT("6",
	                                                                                                               "preload",
	                                                                                                               "app",
	                                                                                                               "/bin/z",
	                                                                                                               "attached",
	                                                                                                               "null") "]");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	summary_print(reports, 80, out);
	fclose(out);
	assert_string_equal(text, "DOOR     USER  PROGRAM  PROCESSES  FINDING\n"
	                          "preload  app   /bin/z   6          attached\n"
	                          "nss      app   /bin/z   5          attached\n"
	                          "none     app   /bin/a   7 +1       statically linked\n"
	                          "none     root  /bin/a   3          statically linked\n"
	                          "none     app   /bin/b   9          statically linked\n"
	                          "\n"
	                          "What would change that:\n"
	                          "  statically linked        use another\n");
	free(text);
	json_decref(reports);
}

static void maps_are_read(void **state)
{
	static const struct {
		const char *maps, *preload, *nss;
		bool replaced, mapped;
		unsigned long long table;
	} cases[] = {
		{ "", "", "", false, false, 0 },
		{ "55d0-55d1 r--p 00000000 fe:00 12 /usr/lib/my libs/libshunt.so\n",
		  "/usr/lib/my libs/libshunt.so", "", false, false, 0 },
		{ "55d0-55d1 r--p 00000000 fe:00 12     /lib/libshunt.so (deleted)\n",
		  "/lib/libshunt.so", "", true, false, 0 },
		{ "55d0-55d1 r--p 00000000 fe:00 12 /lib/libnss_shunt.so.2\n", "",
		  "/lib/libnss_shunt.so.2", false, false, 0 },
		{ "f0-f1 r--s 00000000 00:01 4711 /memfd:shunt (deleted)\n", "", "", false, true,
		  4711 },
		{ "f0-f1 r--s 00000000 00:01 4711 /memfd:shunted (deleted)\n", "", "", false, false,
		  0 },
		{ "f0-f1 r--p 00000000 00:00 0\nf0-f1 rw-p 00000000 00:00 0   [stack]\n", "", "",
		  false, false, 0 },
		{ "f0-f1 r--p 00000000 fe:00 9 /lib/libshunt.sound\nf0-f1 r--p 0 fe:00 9 "
		  "/opt/libshunt.so/x\n",
		  "", "", false, false, 0 },
		{ "garbage\n\n/\n", "", "", false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct process process = { 0 };
		FILE *maps = *cases[i].maps ? file_of(cases[i].maps) : fopen("/dev/null", "r");

		process_read_maps(&process, maps);
		fclose(maps);
		assert_string_equal(process.preload.path, cases[i].preload);
		assert_string_equal(process.nss.path, cases[i].nss);
		assert_int_equal(process.preload.replaced, cases[i].replaced);
		assert_int_equal(process.mapped, cases[i].mapped);
		assert_true(process.table == cases[i].table);
	}
}

static void the_environment_is_read(void **state)
{
	static const char text[] =
	        "XSHUNT_FORCE=no\0SHUNT_FORCE=first\0SHUNT_FORCE=second\0LD_PRELOAD=\0SHUNT";
	struct process process = { 0 };
	char *copy = malloc(sizeof(text));

	(void)state;
	memcpy(copy, text, sizeof(text));
	process_take_environ(&process, copy, sizeof(text) - 1);
	assert_string_equal(process.force, "first");
	assert_string_equal(process.ld_preload, "");
	assert_null(process.disable);
	assert_null(process.socket);
	process_free(&process);
}

static void nsswitch_is_read(void **state)
{
	static const struct {
		const char *text;
		bool listed;
	} cases[] = { { "hosts: files dns\n", false },
		      { "passwd: shunt\n", false },
		      { "hosts:shunt [NOTFOUND=return] files\n", true },
		      { " hosts:\tfiles shunt # x\n", true },
		      { "hosts: files # shunt\n", false },
		      { "hosts: shunted\n", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		FILE *file = file_of(cases[i].text);

		assert_int_equal(process_lists_nss(file), cases[i].listed);
		fclose(file);
	}
}

/* --- what a process is told --------------------------------------------------------------------- */

#define LIBRARY                                                                                    \
	{                                                                                          \
		.path = "/lib/libshunt.so"                                                         \
	}

static void what_a_process_is_told(void **state)
{
	static const struct {
		struct process process;
		const char *door, *table, *told, *forced, *decided, *words;
	} cases[] = {
		{ { .preload = LIBRARY, .mapped = true, .table = 7 },
		  "preload",
		  "present",
		  "daemon",
		  NULL,
		  "table",
		  "attached to the daemon's present one" },
		{ { .nss = { .path = "/lib/libnss_shunt.so.2" }, .mapped = true, .table = 7 },
		  "nss",
		  "present",
		  "daemon",
		  NULL,
		  "table",
		  "the NSS module: /lib" },
		{ { .preload = { .path = "/lib/libshunt.so", .replaced = true },
		    .mapped = true,
		    .table = 7 },
		  "preload",
		  "present",
		  "daemon",
		  NULL,
		  "table",
		  "that file has been replaced since" },
		{ { .preload = LIBRARY, .mapped = true, .table = 6 },
		  "preload",
		  "older",
		  "daemon",
		  NULL,
		  "table",
		  "an older one" },
		{ { .preload = LIBRARY,
		    .mapped = true,
		    .table = 6,
		    .socket_is = PROCESS_SOCKET_OTHER,
		    .socket = "/x" },
		  "preload",
		  "another",
		  "another",
		  NULL,
		  "table",
		  "another daemon's, at /x" },
		{ { .preload = LIBRARY,
		    .mapped = true,
		    .table = 6,
		    .socket_is = PROCESS_SOCKET_ABSENT },
		  "preload",
		  "another",
		  "kept",
		  NULL,
		  "table",
		  "while stale_limit lasts" },
		{ { .preload = LIBRARY }, "preload", "none", "daemon", NULL, "table", "its next" },
		{ { .preload = LIBRARY, .socket_is = PROCESS_SOCKET_OTHER, .socket = "/x" },
		  "preload",
		  "none",
		  "another",
		  NULL,
		  "table",
		  "asks another daemon, at /x" },
		{ { .preload = LIBRARY, .socket_is = PROCESS_SOCKET_ABSENT, .socket = "/x" },
		  "preload",
		  "none",
		  "libc",
		  NULL,
		  "table",
		  "no socket at /x" },
		{ { .nss_listed = true },
		  "nss",
		  "none",
		  "daemon",
		  NULL,
		  "table",
		  "/etc/nsswitch.conf has it" },
		{ { .preload = LIBRARY, .mapped = true, .table = 7, .force = "x=y,WWW.=secondary" },
		  "preload",
		  "present",
		  "forced",
		  "secondary",
		  "force",
		  "SHUNT_FORCE gives it secondary" },
		{ { .preload = LIBRARY,
		    .mapped = true,
		    .table = 7,
		    .force = "www.example.com=nobody" },
		  "preload",
		  "present",
		  "daemon",
		  NULL,
		  "table",
		  "SHUNT_FORCE has no endpoint of this name" },
		{ { .preload = LIBRARY, .mapped = true, .table = 7, .force = "db=secondary" },
		  "preload",
		  "present",
		  "daemon",
		  NULL,
		  "table",
		  "SHUNT_FORCE has no endpoint of this name" },
		{ { .nss = LIBRARY,
		    .mapped = true,
		    .table = 7,
		    .secure = true,
		    .force = "www=secondary" },
		  "nss",
		  "present",
		  "daemon",
		  NULL,
		  "table",
		  "no SHUNT_FORCE" },
		{ { .preload = LIBRARY, .disable = "1" },
		  "preload",
		  NULL,
		  "libc",
		  NULL,
		  "switch",
		  "SHUNT_DISABLE was set" },
		{ { .preload = LIBRARY, .disable = "0" },
		  "preload",
		  "none",
		  "daemon",
		  NULL,
		  "table",
		  "none yet" },
		{ { 0 },
		  "none",
		  NULL,
		  "libc",
		  NULL,
		  "door",
		  "LD_PRELOAD was not set when it started" },
		{ { .ld_preload = "/x/other.so" },
		  "none",
		  NULL,
		  "libc",
		  NULL,
		  "door",
		  "did not name libshunt.so when it started" },
		{ { .ld_preload = "/x/libshunt.so", .kind = { .bits = 32 } },
		  "none",
		  NULL,
		  "libc",
		  NULL,
		  "door",
		  "library of 32 bits?" },
		{ { .ld_preload = "/x/libshunt.so", .kind = { .bits = 64 } },
		  "none",
		  NULL,
		  "libc",
		  NULL,
		  "door",
		  "the loader did not take it" },
		{ { .kind = { .is_static = true }, .nss_listed = true },
		  "none",
		  NULL,
		  "libc",
		  NULL,
		  "door",
		  "statically linked" },
		{ { .preload = LIBRARY, .kind = { .is_musl = true } },
		  "none",
		  NULL,
		  "libc",
		  NULL,
		  "door",
		  "a program of musl" },
		{ { .secure = true }, "none", NULL, "libc", NULL, "door", "raised privileges" },
	};
	json_t *record = parsed("{'name':'www.example.com','aliases':['www'],'active':'primary','"
	                        "answer':['192.0.2.1'],"
	                        "'endpoints':[" PRIMARY("up", FINE) "," SECONDARY "]}");
	json_t *status = json_pack("{s:i, s:[O]}", "table", 7, "records", record);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *report = lookup_report(status, record, &cases[i].process), *answer;
		char *text = printed(json_object_get(report, "steps"), false), *flat;
		const char *forced = json_string_value(json_object_get(report, "forced"));
		const char *table = json_string_value(json_object_get(report, "table"));

		/* Where the lines are broken is not the matter here. */
		for (char *c = flat = strdup(text), *to = flat;; c++) {
			if (*c == '\n' || (*c == ' ' && to > flat && to[-1] == ' '))
				*c = ' ';
			if (!(*c == ' ' && to > flat && to[-1] == ' '))
				*to++ = *c;
			if (!*c)
				break;
		}
		if (!strstr(flat, cases[i].words))
			fail_msg("case %zu lacks \"%s\":\n%s", i, cases[i].words, text);
		assert_string_equal(json_string_value(json_object_get(report, "door")),
		                    cases[i].door);
		assert_string_equal(table ? table : "-", cases[i].table ? cases[i].table : "-");
		assert_string_equal(json_string_value(json_object_get(report, "told")),
		                    cases[i].told);
		assert_string_equal(forced ? forced : "-", cases[i].forced ? cases[i].forced : "-");
		answer = json_object_get(report, "answer");
		if (strcmp(cases[i].told, "daemon") == 0)
			assert_string_equal(json_string_value(json_array_get(answer, 0)),
			                    "192.0.2.1");
		else if (strcmp(cases[i].told, "forced") == 0)
			assert_string_equal(json_string_value(json_array_get(answer, 0)),
			                    "192.0.2.2");
		else
			assert_true(json_is_null(answer));
		for (size_t k = 0; k < json_array_size(json_object_get(report, "steps")); k++) {
			const json_t *step = json_array_get(json_object_get(report, "steps"), k);
			const char *name = json_string_value(json_object_get(step, "step"));

			assert_int_equal(json_is_true(json_object_get(step, "decided")),
			                 strcmp(name, cases[i].decided) == 0);
		}
		free(flat);
		free(text);
		json_decref(report);
	}
	json_decref(status);
	json_decref(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections),
		cmocka_unit_test(open_connections),
		cmocka_unit_test(the_fleet),
		cmocka_unit_test(each_rule_has_its_step),
		cmocka_unit_test(an_address_tells_how_far_it_is),
		cmocka_unit_test(lines_keep_to_eighty_columns),
		cmocka_unit_test(a_cgroup_has_a_door),
		cmocka_unit_test(the_cgroup_is_read),
		cmocka_unit_test(processes_are_summarized),
		cmocka_unit_test(maps_are_read),
		cmocka_unit_test(the_environment_is_read),
		cmocka_unit_test(nsswitch_is_read),
		cmocka_unit_test(what_a_process_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
