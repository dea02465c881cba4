/* Programs: how they end, what they are given, what is left of them. Real ones, of a shell. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/process/spawn.h"
#include "daemon/process/user.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define PATIENCE_MS 60000

static struct event_base *base;
static struct spawner *spawner;
static unsigned ends;
static struct spawn_end last;

static int setup(void **state)
{
	(void)state;
	base = event_base_new();
	spawner = spawner_new(base, 3);
	ends = 0;
	return spawner ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	spawner_free(spawner);
	event_base_free(base);
	return 0;
}

static void ended(void *arg, const struct spawn_end *end)
{
	(void)arg;
	ends++;
	last = *end;
}

/* One block, as spawn_start() takes it. */
static char **block(const char *path, const char *script)
{
	const char *const words[] = { path, "-c", script };
	char **argv = malloc(4 * sizeof(*argv) + strlen(path) + strlen(script) + 8);
	char *text = (char *)(argv + 4);

	assert_non_null(argv);
	for (size_t i = 0; i < 3; i++) {
		argv[i] = text;
		text = stpcpy(text, words[i]) + 1;
	}
	argv[3] = NULL;
	return argv;
}

static struct spawn *start_as(const char *path, const char *script, const struct spawn_user *user)
{
	struct spawn_program program = { .argv = block(path, script) };

	return spawn_start(spawner, &program, user, ended, NULL);
}

static struct spawn *start(const char *script)
{
	return start_as("/bin/sh", script, &(struct spawn_user){ .change = false });
}

static bool turn_until(const unsigned *count, unsigned wanted)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	const struct timeval soon = { .tv_usec = 20000 };

	while (*count < wanted && clock_ms() < deadline) {
		event_base_loopexit(base, &soon);
		event_base_dispatch(base);
	}
	return *count == wanted;
}

/* Waits for what another process does. */
static bool wait_gone(pid_t pid)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;

	while (kill(pid, 0) == 0 && clock_ms() < deadline)
		usleep(5000);
	return kill(pid, 0) < 0 && errno == ESRCH;
}

struct program {
	const char *script;
	int status, signal;
	bool cut;
	const char *line;
};

#define TEXT_50 "a2345678901234567890123456789012345678901234567890"
#define TEXT_200 TEXT_50 TEXT_50 TEXT_50 TEXT_50

static const struct program programs[] = {
	{ "exit 0", 0, 0, false, "" },
	{ "exit 1", 1, 0, false, "" },
	{ "exit 77", 77, 0, false, "" },
	{ "echo one; echo two; exit 1", 1, 0, false, "one" },
	{ "printf unfinished", 0, 0, false, "unfinished" },
	{ "printf 'with\\r\\n'", 0, 0, false, "with" },
	{ "printf '\\nsecond'", 0, 0, false, "" },
	{ "printf " TEXT_200 "b", 0, 0, false, TEXT_200 },
	{ "echo hidden >&2", 0, 0, false, "" },
	{ "kill -TERM $$", 0, SIGTERM, false, "" },
	{ "echo last; kill -SEGV $$; sleep 60", 0, SIGSEGV, false, "last" },
	/* More than is read: it is told so by SIGPIPE, and by nothing when it does not care. */
	{ "echo first; exec cat /dev/zero", 0, SIGPIPE, true, "first" },
	{ "head -c 600000 /dev/zero; echo; exit 1", 1, 0, false, NULL },
	{ "exec >&-; exit 1", 1, 0, false, "" },
	/* It ends, and what it has started holds its output: nobody waits for that. */
	{ "echo done; sleep 1000 & exit 1", 1, 0, false, "done" },
	{ "cat; exit 3", 3, 0, false, "" },
	{ "echo \"$(env | grep -v '^PWD=\\|^_=\\|^SHLVL=')\"", 0, 0, false, "" },
	{ "echo /proc/$$/fd/*", 0, 0, false, NULL },
	{ "pwd", 0, 0, false, "/" },
	{ "umask", 0, 0, false, "0022" },
	{ "while read name value; do [ $name = NoNewPrivs: ] && echo $value; done "
	  "</proc/self/status; :",
	  0, 0, false, "1" },
	{ "while read name value; do [ $name = SigIgn: ] && echo $value; done </proc/self/status; "
	  ":",
	  0, 0, false, "0000000000000000" },
	{ "while read name value; do [ $name = SigBlk: ] && echo $value; done </proc/self/status; "
	  ":",
	  0, 0, false, "0000000000000000" },
	{ "read -r pid name state parent group session rest </proc/self/stat; "
	  "[ $pid = $group ] && [ $pid = $session ] && echo own",
	  0, 0, false, "own" },
};

static void test_program(void **state)
{
	const struct program *program = *state;

	setup(NULL);
	assert_non_null(start(program->script));
	assert_int_equal(ends, 0);
	assert_true(turn_until(&ends, 1));
	assert_null(last.failed);
	assert_int_equal(last.status, program->status);
	assert_int_equal(last.signal, program->signal);
	assert_int_equal(last.cut, program->cut);
	if (program->line)
		assert_string_equal(last.line, program->line);
	teardown(NULL);
}

/* Descriptors of ours, close-on-exec or not, are not the program's. */
static void descriptors(void **state)
{
	int leak = dup(0);

	(void)state;
	assert_true(leak > 2);
	start("ls /proc/self/fd | tr '\\n' ' '");
	assert_true(turn_until(&ends, 1));
	assert_string_equal(last.line, "0 1 2 3 "); /* 3 is ls's own */
	start("readlink /proc/self/fd/0 /proc/self/fd/2 | tr '\\n' ' '");
	assert_true(turn_until(&ends, 2));
	assert_string_equal(last.line, "/dev/null /dev/null ");
	close(leak);
}

/* --- what it is given ---------------------------------------------------------------------------- */

static const struct spawn_user nobody_else = { .change = false };

static void environment(void **state)
{
	char *variables[] = { "ONE=1", "TWO=two words", NULL };
	struct spawn_program program = { .argv = block("/usr/bin/env", "TWO"),
		                         .environment = variables };

	(void)state;
	program.argv[1] = NULL;
	assert_non_null(spawn_start(spawner, &program, &nobody_else, ended, NULL));
	assert_true(turn_until(&ends, 1));
	assert_string_equal(last.line, "ONE=1");
	program.argv = block("/bin/sh", "echo \"$ONE $TWO $SECRET\"");
	assert_non_null(spawn_start(spawner, &program, &nobody_else, ended, NULL));
	assert_true(turn_until(&ends, 2));
	assert_string_equal(last.line, "1 two words ");
}

static void give(const char *script, const char *input, size_t length)
{
	struct spawn_program program = { .argv = block("/bin/sh", script),
		                         .input = input,
		                         .input_length = length };
	unsigned before = ends;

	assert_non_null(spawn_start(spawner, &program, &nobody_else, ended, NULL));
	assert_true(turn_until(&ends, before + 1));
	assert_null(last.failed);
}

/* Whole, whatever its size, however it is read, and whether it is. */
static void input(void **state)
{
	enum { MUCH = 3 << 20 };
	char *much = malloc(MUCH);

	(void)state;
	give("cat", "{ }\nrest\n", 9);
	assert_string_equal(last.line, "{ }");
	give("read -r line; read -r more; echo \"$line $more\"; read -r end || exit 7",
	     "one\ntwo\n", 8);
	assert_string_equal(last.line, "one two");
	assert_int_equal(last.status, 7);
	give("cat /dev/stdin /dev/stdin", "again", 5);
	assert_string_equal(last.line, "againagain");
	give("wc -c", "", 0);
	assert_int_equal(strtol(last.line, NULL, 10), 0);
	give("echo x >&0; echo x >>/proc/self/fd/0; cat", "sealed", 6);
	assert_string_equal(last.line, "sealed");
	assert_non_null(much);
	memset(much, 'x', MUCH);
	give("wc -c", much, MUCH);
	assert_int_equal(strtol(last.line, NULL, 10), MUCH);
	give("exit 3", much, MUCH);
	assert_int_equal(last.status, 3);
	free(much);
}

static void errors_as_output(void **state)
{
	struct spawn_program program = { .argv = block("/bin/sh", "echo wrong >&2; echo more"),
		                         .errors = true };

	(void)state;
	assert_non_null(spawn_start(spawner, &program, &nobody_else, ended, NULL));
	assert_true(turn_until(&ends, 1));
	assert_string_equal(last.line, "wrong");
}

/* What it has said so far, before it is killed. */
static void line_so_far(void **state)
{
	struct spawn *spawn = start("echo first; exec sleep 1000");
	const uint64_t deadline = clock_ms() + PATIENCE_MS;

	(void)state;
	assert_string_equal(spawn_line(spawn), "");
	while (strcmp(spawn_line(spawn), "first") != 0 && clock_ms() < deadline)
		event_base_loop(base, EVLOOP_ONCE);
	assert_string_equal(spawn_line(spawn), "first");
	spawn_kill(spawn);
}

static void cannot_run(void **state)
{
	static const struct {
		const char *path;
		int error;
	} cases[] = { { "/nonexistent/program", ENOENT },
		      { "/etc", EACCES },
		      { "/etc/passwd", EACCES } };

	(void)state;
	for (unsigned i = 0; i < COUNT(cases); i++) {
		start_as(cases[i].path, "", &(struct spawn_user){ .change = false });
		assert_true(turn_until(&ends, i + 1));
		assert_string_equal(last.failed, "run");
		assert_int_equal(last.error, cases[i].error);
	}
}

/* All of its process group goes, at whatever moment that is asked for. */
static void killing(void **state)
{
	char path[] = "/tmp/shunt-spawn-XXXXXX", script[256], text[64] = "";
	int fd = mkstemp(path), child = 0, program = 0;
	struct spawn *spawn;
	const uint64_t deadline = clock_ms() + PATIENCE_MS;

	(void)state;
	assert_true(fd >= 0);
	snprintf(script, sizeof(script), "sleep 1000 & echo $$ $! >%s.new; mv %s.new %s; wait",
	         path, path, path);
	spawn = start(script);
	while (sscanf(text, "%d %d", &program, &child) != 2 && clock_ms() < deadline) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		close(fd);
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
	}
	close(fd);
	unlink(path);
	assert_true(child > 0);
	spawn_kill(spawn);
	start("exit 1"); /* the loop turns until this one ends: the other is waited for meanwhile */
	assert_true(turn_until(&ends, 1));
	for (unsigned i = 2; kill(program, 0) == 0 && i < 1000; i++) {
		start("exit 1");
		assert_true(turn_until(&ends, i));
	}
	assert_true(wait_gone(program));
	assert_true(wait_gone(child));
}

/* Those that were killed still count until they are waited for. */
static struct spawn *start_when_free(const char *script)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	struct spawn *spawn;

	while (!(spawn = start(script)) && clock_ms() < deadline)
		event_base_loop(base, EVLOOP_ONCE);
	assert_non_null(spawn);
	return spawn;
}

static void killing_at_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		spawn_kill(start_when_free("sleep 1000"));
		start_when_free("exit 0");
		assert_true(turn_until(&ends, i + 1));
		if (i % 3 == 2)
			spawn_kill(start_when_free("exit 0"));
	}
}

static void bounded(void **state)
{
	struct spawn *spawns[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_non_null(spawns[i] = start("sleep 1000"));
	assert_null(start("exit 0"));
	assert_int_equal(errno, EAGAIN);
	spawn_kill(spawns[1]);
	for (uint64_t deadline = clock_ms() + PATIENCE_MS; clock_ms() < deadline && ends == 0;) {
		start("exit 0");
		event_base_loop(base, EVLOOP_ONCE);
	}
	assert_true(ends > 0);
}

/* The faults that are ours come back at once. */
static void without_descriptors(void **state)
{
	struct rlimit before, none;
	int free[3]; /* the lowest */

	(void)state;
	for (size_t i = 0; i < 3; i++)
		free[i] = dup(0);
	for (size_t i = 0; i < 3; i++)
		close(free[i]);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)free[0];
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_null(start("exit 0"));
	assert_int_equal(errno, EMFILE);
	none.rlim_cur = (rlim_t)free[2]; /* for the pipe, and not for the program itself */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_non_null(start("exit 0"));
	assert_true(turn_until(&ends, 1));
	assert_string_equal(last.failed, "start");
	assert_int_equal(last.error, EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	start("exit 0");
	assert_true(turn_until(&ends, 2));
	assert_null(last.failed);
}

static void as_nobody(void **state)
{
	const struct passwd *nobody = getpwnam("nobody");
	char expected[64];
	struct spawn_user user;

	(void)state;
	if (geteuid() != 0 || !nobody)
		skip();
	user = (struct spawn_user){ true, nobody->pw_uid, nobody->pw_gid };
	snprintf(expected, sizeof(expected), "%u %u %u", nobody->pw_uid, nobody->pw_gid,
	         nobody->pw_gid);
	start_as("/bin/sh", "echo $(id -u) $(id -g) $(id -G)", &user);
	assert_true(turn_until(&ends, 1));
	assert_string_equal(last.line, expected);
	start_as("/bin/sh",
	         "while read name value; do [ $name = CapEff: ] && echo $value; done "
	         "</proc/self/status; :",
	         &user);
	assert_true(turn_until(&ends, 2));
	assert_string_equal(last.line, "0000000000000000");
}

static void choosing(void **state)
{
	static const struct {
		const char *name;
		uid_t self;
		bool good, change;
		const char *error;
	} cases[] = {
		{ NULL, 1000, true, false, NULL },
		{ "root", 0, true, true, NULL },
		{ "nobody", 0, true, true, NULL },
		{ NULL, 0, false, false,
		  "is missing, and a daemon that runs as root does not run programs as root by "
		  "default; write exec_user = \"nobody\", or another user's name" },
		{ "nosuchuser", 0, false, false,
		  "there is no user \"nosuchuser\"; create it or name another" },
		{ "root", 1000, false, false,
		  "a daemon that is not root cannot run programs as \"root\"; remove the line, or "
		  "let the "
		  "daemon stay root" },
	};
	char error[SPAWN_USER_ERROR_MAX];
	struct spawn_user user;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(user_choose(cases[i].name, cases[i].self, &user, error),
		                 cases[i].good);
		assert_int_equal(user.change, cases[i].change);
		if (!cases[i].good)
			assert_string_equal(error, cases[i].error);
	}
	assert_true(user_choose("nobody", getpwnam("nobody")->pw_uid, &user, error));
	assert_false(user.change);
}

#define spawn_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest others[] = {
		spawn_test(descriptors), spawn_test(environment),
		spawn_test(input),       spawn_test(errors_as_output),
		spawn_test(line_so_far), spawn_test(cannot_run),
		spawn_test(killing),     spawn_test(killing_at_once),
		spawn_test(bounded),     spawn_test(without_descriptors),
		spawn_test(as_nobody),   cmocka_unit_test(choosing),
	};
	struct CMUnitTest tests[COUNT(programs) + COUNT(others)];

	/* As the daemon has it: neither is the program's. */
	signal(SIGPIPE, SIG_IGN);
	setenv("SECRET", "x", 1);
	for (size_t i = 0; i < COUNT(programs); i++)
		tests[i] = (struct CMUnitTest){ .name = programs[i].script,
			                        .test_func = test_program,
			                        .initial_state = (void *)&programs[i] };
	memcpy(tests + COUNT(programs), others, sizeof(others));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
