/* shunt bugreport: one file with what a developer asks first, without secrets. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "base/cli.h"
#include "bugreport/sections.h"
#include "commands.h"

#define CONFIG_PATH "/etc/shunt/shunt.conf"
#define PATH_SIZE 64u

static const char head[] =
        "shunt bug report\n"
        "\n"
        "Left out: comments, headers, texts that a check expects, arguments of commands, and\n"
        "other values of the configuration that are not known to be harmless; contents of\n"
        "files that it names (credentials, keys); in all texts passwords, queries of URLs and\n"
        "what looks like a key. Names of hosts, users and programs, and addresses are in it.\n"
        "Read it before you attach it: a program's own words may have a secret that nothing\n"
        "here recognises.\n";

static void name_by_time(char path[PATH_SIZE])
{
	time_t now = time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm) ||
	    strftime(path, PATH_SIZE, "shunt-bugreport-%Y%m%dT%H%M%SZ.txt", &tm) == 0)
		snprintf(path, PATH_SIZE, "shunt-bugreport.txt");
}

/* Only for its owner, and never a file that exists already or a link. */
static FILE *create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *out;

	if (fd < 0)
		return NULL;
	out = fchmod(fd, 0600) == 0 ? fdopen(fd, "w") : NULL;
	if (!out)
		close(fd);
	return out;
}

static int cannot_write(const char *path)
{
	cli_error("cannot write %s: %s; --output names another file", path, strerror(errno));
	return CLI_OUTPUT;
}

static int write_report(const char *path, const struct sections_source *source)
{
	FILE *out = create(path);

	if (!out)
		return cannot_write(path);
	fputs(head, out);
	sections_print(source, out);
	if (ferror(out)) {
		fclose(out);
		return cannot_write(path);
	}
	if (fclose(out) != 0)
		return cannot_write(path);
	printf("%s\n", path);
	cli_error("read it before you attach it to a report");
	return cli_finish(CLI_DONE);
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	struct sections_source source = { .config = CONFIG_PATH };
	char by_time[PATH_SIZE];
	const char *path = by_time;
	const struct option_row rows[] = { { 'c', "config", &source.config, NULL },
		                           { 'o', "output", &path, NULL },
		                           { 0 } };
	struct command_line line;
	int status;

	name_by_time(by_time);
	if (!command_begin(command, context, rows, argc, argv, &line, &status))
		return status;
	source.control = api_control(line.control);
	return write_report(path, &source);
}

const struct command bugreport_command = {
	.name = "bugreport",
	.summary = "one file to attach to a bug report, without secrets",
	.help = "Usage: shunt bugreport [-c FILE] [-o FILE] [--control PATH]\n"
	        "\n"
	        "Writes versions, environment, configuration, status, doors and the last events\n"
	        "into a new file that only its owner may read, and prints its name. The file says\n"
	        "what was left out: secrets above all. Read it before you attach it.\n"
	        "\n"
	        "  -c, --config FILE  the configuration (default /etc/shunt/shunt.conf); root may\n"
	        "                     be needed to read it\n"
	        "  -o, --output FILE  the file to write, which must not exist (default\n"
	        "                     shunt-bugreport-TIME.txt)\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 written, also without a daemon; 74 the file cannot be written.\n",
	.run = run,
};
