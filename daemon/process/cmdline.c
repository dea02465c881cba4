#include "process/cmdline.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"

#define EXIT_USAGE 64 /* sysexits(3) */

static const char usage_text[] =
        "Usage: shuntd [-tv] [-c FILE]\n"
        "\n"
        "Checks the endpoints of FILE and tells attached programs which of them works.\n"
        "\n"
        "  -c, --config FILE   the configuration (default " CONFIG_PATH ")\n"
        "  -t, --test          only check the configuration; starts nothing\n"
        "  -v, --verbose       log what is of interest to developers, too\n"
        "  -h, --help          this text\n"
        "  -V, --version       the versions of shuntd and its libraries\n"
        "\n"
        "Runs in the foreground and logs to standard error. SIGHUP reads FILE again;\n"
        "SIGTERM ends.\n"
        "shuntd(8) and shunt.conf(5) tell the rest.\n";

enum { OPTION_PRIVATE = 256, OPTION_OWNER, OPTION_READY };

/* The undocumented ones are passed by `shunt run -c`. */
static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "test", no_argument, NULL, 't' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "private", required_argument, NULL, OPTION_PRIVATE },
	{ "owner-fd", required_argument, NULL, OPTION_OWNER },
	{ "ready-fd", required_argument, NULL, OPTION_READY },
	{ NULL, 0, NULL, 0 },
};

_Noreturn static void usage_error(void)
{
	fputs("Try 'shuntd --help'.\n", stderr);
	exit(EXIT_USAGE);
}

/* A descriptor inherited by number. It is made close-on-exec. */
static int inherited_fd(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (*end || end == text || fd < 3 || fd > 65535 ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0) {
		fprintf(stderr, "shuntd: '%s' is no descriptor that is open here\n", text);
		usage_error();
	}
	return (int)fd;
}

static void print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(fflush(stdout) == 0 ? 0 : 1);
}

void cmdline_parse(int argc, char **argv, struct cmdline *options)
{
	int c;

	*options = (struct cmdline){ .file = CONFIG_PATH, .owner_fd = -1, .ready_fd = -1 };
	while ((c = getopt_long(argc, argv, "c:tvhV", long_options, NULL)) != -1) {
		switch (c) {
		case 'c': options->file = optarg; break;
		case 't': options->test = true; break;
		case 'v': options->verbose = true; break;
		case 'h': print_and_exit(usage_text); break;
		case 'V': options->version = true; break;
		case OPTION_PRIVATE: options->private_dir = optarg; break;
		case OPTION_OWNER: options->owner_fd = inherited_fd(optarg); break;
		case OPTION_READY: options->ready_fd = inherited_fd(optarg); break;
		default: usage_error();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "shuntd: what is '%s'? The configuration is named by -c\n",
		        argv[optind]);
		usage_error();
	}
}
