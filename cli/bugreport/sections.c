#include "bugreport/sections.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "api/stream.h"
#include "base/cli.h"
#include "base/versions.h"
#include "bugreport/redact.h"
#include "bugreport/words.h"

#define FILE_MAX (1u << 20) /* bytes of a file that are printed */
#define EVENTS_MS 300       /* without an event: there are no more */
#define EVENTS_MAX_MS 3000

/* --- files ------------------------------------------------------------------------------------ */

/* Up to FILE_MAX bytes of a regular file, which the caller frees. NULL: errno says why. */
static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char *text = NULL;
	ssize_t n = 1;

	*size = 0;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		errno = EINVAL;
	else
		text = malloc(FILE_MAX);
	while (text && n > 0 && *size < FILE_MAX) {
		n = read(fd, text + *size, FILE_MAX - *size);
		*size += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return text;
}

/* The lines of a file that begin with a word. */
static void print_lines(const char *path, const char *word, FILE *out)
{
	size_t size;
	char *text = read_file(path, &size);

	for (char *line = text, *end; text && line < text + size; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + size - line));
		if (!end)
			end = text + size;
		if ((size_t)(end - line) < strlen(word) || strncmp(line, word, strlen(word)) != 0)
			continue;
		words_print(line, (size_t)(end - line), out);
		putc('\n', out);
	}
	free(text);
}

/* --- sections --------------------------------------------------------------------------------- */

static void put_versions(const struct sections_source *source, FILE *out)
{
	struct utsname host;

	(void)source;
	versions_print(out);
	if (uname(&host) == 0)
		fprintf(out, "%s %s %s\n", host.sysname, host.release, host.machine);
	print_lines("/etc/os-release", "PRETTY_NAME=", out);
}

static void put_environment(const struct sections_source *source, FILE *out)
{
	static const char *const names[] = { "SHUNT_SOCKET", "SHUNT_CONTROL", "SHUNT_DISABLE",
		                             "SHUNT_FORCE",  "LD_PRELOAD",    "GODEBUG" };

	(void)source;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (!value)
			continue;
		fprintf(out, "%s=", names[i]);
		words_print(value, strlen(value), out);
		putc('\n', out);
	}
	print_lines("/etc/nsswitch.conf", "hosts:", out);
}

static void put_configuration(const struct sections_source *source, FILE *out)
{
	size_t size;
	char *text = read_file(source->config, &size);

	if (!text) {
		fprintf(out, "%s cannot be read: %s\n", source->config, strerror(errno));
		return;
	}
	redact_print(text, size, out);
	putc('\n', out);
	if (size == FILE_MAX)
		fprintf(out, "... the rest is left out\n");
	free(text);
}

/* The text as words prints it, which the caller frees; NULL: no memory. */
static char *without_secrets(const char *text)
{
	char *result = NULL;
	size_t size;
	FILE *out = open_memstream(&result, &size);

	if (!out)
		return NULL;
	words_print(text, strlen(text), out);
	return fclose(out) == 0 ? result : NULL;
}

/* All texts in it pass through words, each by itself: what is left is JSON. */
static void redact_json(json_t *json)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(json)) {
		char *text = without_secrets(json_string_value(json));

		json_string_set(json, text ? text : WORDS_REMOVED);
		free(text);
	}
	json_object_foreach(json, key, value)
	{
		redact_json(value);
	}
	json_array_foreach (json, i, value) {
		redact_json(value);
	}
}

static void put_answer(const struct sections_source *source, const char *path, FILE *out)
{
	char error[TROUBLE_MAX];
	json_t *answer;

	if (api_get(source->control, path, &answer, error) != CLI_DONE) {
		fprintf(out, "%s\n", error);
		return;
	}
	redact_json(answer);
	json_dumpf(answer, out, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	putc('\n', out);
	json_decref(answer);
}

static void put_status(const struct sections_source *source, FILE *out)
{
	put_answer(source, "/v1/status", out);
}

static void put_fleet(const struct sections_source *source, FILE *out)
{
	put_answer(source, "/v1/fleet", out);
}

/* --- doors ------------------------------------------------------------------------------------ */

/* This program again, as `shunt doors`. Returns its output, or NULL: errno says why. */
static FILE *run_doors(const char *control, pid_t *pid)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	*pid = fork();
	if (*pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		execl("/proc/self/exe", "shunt", "doors", "--control", control, (char *)NULL);
		_exit(CLI_NO_COMMAND);
	}
	close(ends[1]);
	if (*pid > 0)
		return fdopen(ends[0], "r");
	close(ends[0]);
	return NULL;
}

static void put_doors(const struct sections_source *source, FILE *out)
{
	pid_t pid = -1;
	FILE *in = run_doors(source->control, &pid);
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (!in)
		fprintf(out, "cannot run shunt doors: %s\n", strerror(errno));
	while (in && (length = getline(&line, &size, in)) > 0) {
		words_print(line, (size_t)length - (line[length - 1] == '\n'), out);
		putc('\n', out);
	}
	free(line);
	if (in)
		fclose(in);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* --- events ----------------------------------------------------------------------------------- */

struct history {
	FILE *out;
	unsigned count;
	struct timespec begin, last; /* CLOCK_MONOTONIC */
};

static void on_snapshot(void *arg, const json_t *status, bool gap, unsigned long long lost)
{
	(void)arg, (void)status, (void)gap, (void)lost;
}

static void on_event(void *arg, const json_t *event, bool old)
{
	struct history *history = arg;
	const char *time = json_string_value(json_object_get(event, "time"));
	const char *text = json_string_value(json_object_get(event, "text"));

	(void)old;
	clock_gettime(CLOCK_MONOTONIC, &history->last);
	history->count++;
	fprintf(history->out, "%s ", time ? time : "?");
	if (text)
		words_print(text, strlen(text), history->out);
	putc('\n', history->out);
}

static void on_lost(void *arg, const char *why)
{
	struct history *history = arg;

	fprintf(history->out, "%s\n", why);
	history->begin.tv_sec -= EVENTS_MAX_MS; /* that was all */
}

static long long ms_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - then->tv_sec) * 1000LL + (now.tv_nsec - then->tv_nsec) / 1000000;
}

static bool goes_on(void *arg)
{
	const struct history *history = arg;

	return ms_since(&history->last) < EVENTS_MS && ms_since(&history->begin) < EVENTS_MAX_MS;
}

static void put_events(const struct sections_source *source, FILE *out)
{
	struct history history = { .out = out };
	const struct stream_calls calls = { .snapshot = on_snapshot,
		                            .event = on_event,
		                            .lost = on_lost,
		                            .turn = goes_on,
		                            .arg = &history,
		                            .fd = -1 };
	char error[TROUBLE_MAX];

	clock_gettime(CLOCK_MONOTONIC, &history.begin);
	history.last = history.begin;
	if (stream_run(source->control, NULL, true, &calls, error) != CLI_DONE)
		fprintf(out, "%s\n", error);
	else if (history.count == 0)
		fprintf(out, "none\n");
}

void sections_print(const struct sections_source *source, FILE *out)
{
	static const struct {
		const char *title;
		void (*put)(const struct sections_source *source, FILE *out);
	} sections[] = {
		{ "Versions", put_versions },
		{ "Environment", put_environment },
		{ "Configuration", put_configuration },
		{ "Status", put_status },
		{ "Fleet", put_fleet },
		{ "Doors", put_doors },
		{ "Events", put_events },
	};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		fprintf(out, "\n== %s ==\n\n", sections[i].title);
		sections[i].put(source, out);
	}
}
