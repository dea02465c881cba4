#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"
#include "api/ask.h"
#include "base/cli.h"
#include "commands.h"
#include "program/hello.h"
#include "program/places.h"
#include "program/preload.h"

#include "shunt/protocol.h"

/* This program, restarted with the shim preloaded: only prints the result of getaddrinfo(). */
#define PRELOADED "--preloaded"

#ifdef __SANITIZE_ADDRESS__
/*
 * In a sanitizer build the preloaded shim precedes the sanitizer, which would otherwise refuse to
 * start.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "verify_asan_link_order=0";
}
#endif

static int print_addresses(const char *name)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *node;
	char text[NI_MAXHOST];
	int error = getaddrinfo(name, NULL, &hints, &list);

	if (error) {
		cli_error("%s: %s", name,
		          error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
		return CLI_NOT_FOUND;
	}
	for (node = list; node; node = node->ai_next)
		if (getnameinfo(node->ai_addr, node->ai_addrlen, text, sizeof(text), NULL, 0,
		                NI_NUMERICHOST) == 0)
			puts(text);
	freeaddrinfo(list);
	return cli_finish(CLI_DONE);
}

struct source {
	const char *control; /* value of --control, or NULL */
	const char *socket;  /* value of --socket, or NULL */
	char path[PATH_MAX]; /* absolute path of the client socket; "": unknown */
	bool known;          /* the daemon at the control socket uses this client socket */
	char trouble[TROUBLE_MAX + PATH_MAX]; /* why the daemon did not answer; "": it did */
};

static const char *set_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/*
 * A copy of the client socket's path as the daemon at the control socket reports it; NULL and
 * `error` on failure.
 */
static char *named_socket(const struct source *source, char error[TROUBLE_MAX])
{
	const char *socket;
	char *copy = NULL;
	json_t *status;

	if (ask_head(source->control, &status, error) != CLI_DONE)
		return NULL;
	socket = json_string_value(json_object_get(status, "socket"));
	if (socket)
		copy = strdup(socket);
	else
		snprintf(error, TROUBLE_MAX, "the daemon at %s names no client socket",
		         api_control(source->control));
	json_decref(status);
	return copy;
}

static bool ask_socket(struct source *source)
{
	char *socket = named_socket(source, source->trouble);

	source->known = socket && places_absolute(socket, source->path);
	if (socket && !source->known)
		snprintf(source->trouble, sizeof(source->trouble),
		         "the path of the socket is too long");
	free(socket);
	return source->known;
}

/* Options take precedence over the environment. */
static bool find_socket(struct source *source)
{
	const char *path = source->socket;

	if (!path && source->control)
		return ask_socket(source);
	if (!path)
		path = set_variable("SHUNT_SOCKET");
	if (!path && set_variable("SHUNT_CONTROL"))
		return ask_socket(source);
	if (places_absolute(path ? path : SHUNT_SOCKET_PATH, source->path))
		return true;
	snprintf(source->trouble, sizeof(source->trouble), "the path of the socket is too long");
	return false;
}

static void test_socket(struct source *source)
{
	const char *why = hello_trouble(source->path);

	if (why)
		snprintf(source->trouble, sizeof(source->trouble),
		         "cannot reach the daemon at %s: %s", source->path, why);
}

/* Names that another daemon manages are irrelevant. */
static bool is_of_socket(const struct source *source)
{
	char error[TROUBLE_MAX], *socket;
	bool same;

	if (source->known)
		return true;
	socket = named_socket(source, error);
	same = socket && strcmp(socket, source->path) == 0;
	free(socket);
	return same;
}

static void explain(const struct source *source, const char *name)
{
	if (source->trouble[0])
		cli_error("%s; this is libc's answer", source->trouble);
	else if (is_of_socket(source) && ask_is_foreign(source->control, name))
		cli_error("%s is not managed: this is libc's answer", name);
}

/* Runs in the child: this program again, with the shim. Without a daemon nothing is preloaded. */
_Noreturn static void become_program(const struct source *source, const char *library,
                                     const char *name)
{
	char *const argv[] = { "shunt", "resolve", PRELOADED, "--", (char *)name, NULL };

	if (!source->trouble[0] &&
	    (preload_set(library, NULL) < 0 || setenv("SHUNT_SOCKET", source->path, 1) < 0))
		_exit(CLI_OUTPUT);
	if (source->trouble[0])
		setenv("SHUNT_DISABLE", "1", 1); /* the shim may be preloaded already */
	execv("/proc/self/exe", argv);
	cli_error("cannot run this program again: %s", strerror(errno));
	_exit(CLI_OUTPUT);
}

static int ask(const struct source *source, const char *library, const char *name)
{
	pid_t child;
	int status;

	/* if the signal was ignored, there would be nothing to wait for */
	signal(SIGCHLD, SIG_DFL);
	child = fork();
	if (child == 0)
		become_program(source, library, name);
	if (child < 0) {
		cli_error("cannot run this program again: %s", strerror(errno));
		return CLI_OUTPUT;
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return CLI_OUTPUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : CLI_OUTPUT;
}

static int resolve(struct source *source, const char *name)
{
	struct places places = { .library = "" };
	int result;

	if (!places_find(&places))
		return CLI_OUTPUT;
	if (find_socket(source))
		test_socket(source);
	explain(source, name);
	result = ask(source, places.library, name);
	if (source->trouble[0] && (result == CLI_DONE || result == CLI_NOT_FOUND))
		return CLI_UNREACHABLE;
	return result;
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	struct source source = { 0 };
	bool preloaded = argc > 1 && strcmp(argv[1], PRELOADED) == 0;
	const struct option_row rows[] = { { 0, "socket", &source.socket, NULL }, { 0 } };
	struct command_line line;
	int status;

	if (!command_begin(command, context, rows, argc - preloaded, argv + preloaded, &line,
	                   &status))
		return status;
	source.control = line.control;
	return preloaded ? print_addresses(line.operands[0]) : resolve(&source, line.operands[0]);
}

const struct command resolve_command = {
	.name = "resolve",
	.summary = "look a name up as a program under the library does",
	.operands = { 1, 1, "one name", { "name" } },
	.help = "Usage: shunt resolve NAME [--socket PATH] [--control PATH]\n"
	        "\n"
	        "Looks NAME up as a program under 'shunt run' does, and prints one address per\n"
	        "line, in the order in which the program gets them.\n"
	        "\n"
	        "  --socket PATH   the daemon's client socket (else SHUNT_SOCKET, else the one\n"
	        "                  that the daemon at the control socket names, else\n"
	        "                  /run/shunt/shunt.sock)\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 found; 1 not found; 3 the daemon cannot be reached, and what is\n"
	        "printed is libc's answer.\n",
	.run = run,
};
