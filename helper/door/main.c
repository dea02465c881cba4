/*
 * shunt-door: attaches doors to cgroups for shuntd, and keeps them while it restarts.
 *
 *   socket → nothing but two capabilities → connections, one after another (serve)
 */
#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door/serve.h"
#include "serve/entry.h"
#include "serve/sandbox.h"

#include "shunt/version.h"

#define EXIT_USAGE 64 /* sysexits(3) */

static const char usage_text[] =
        "Usage: shunt-door [-c FILE] [--user NAME] [--socket PATH]\n"
        "\n"
        "Attaches doors to cgroups: their connections go where shuntd says.\n"
        "\n"
        "  -c, --config FILE   which doors and addresses (default /etc/shunt/shunt.conf); root's\n"
        "  -u, --user NAME     who may ask besides root (default shunt)\n"
        "  -s, --socket PATH   listen there (default: systemd passes the socket)\n"
        "  -h, --help          this text\n"
        "  -V, --version       the version\n"
        "\n"
        "shunt-door(8) tells the rest.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' }, { "user", required_argument, NULL, 'u' },
	{ "socket", required_argument, NULL, 's' }, { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },      { NULL, 0, NULL, 0 },
};

struct options {
	const char *config, *user, *socket;
};

_Noreturn static void usage_error(void)
{
	fputs("Try 'shunt-door --help'.\n", stderr);
	exit(EXIT_USAGE);
}

_Noreturn static void print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(fflush(stdout) == 0 ? 0 : 1);
}

static struct options parse(int argc, char **argv)
{
	struct options options = { "/etc/shunt/shunt.conf", "shunt", NULL };
	int c;

	while ((c = getopt_long(argc, argv, "c:u:s:hV", long_options, NULL)) != -1) {
		switch (c) {
		case 'c': options.config = optarg; break;
		case 'u': options.user = optarg; break;
		case 's': options.socket = optarg; break;
		case 'h': print_and_exit(usage_text);
		case 'V': print_and_exit("shunt-door " SHUNT_VERSION "\n");
		default: usage_error();
		}
	}
	if (optind == argc)
		return options;
	fprintf(stderr, "shunt-door: what is '%s'? The configuration is named by -c\n",
	        argv[optind]);
	usage_error();
}

/* CAP_BPF (Linux 5.8) for maps and programs, CAP_NET_ADMIN for those of connect() and their links. */
static bool confine(void)
{
	static const int keep[] = { CAP_BPF, CAP_NET_ADMIN };

	if (sandbox_capabilities(keep, sizeof(keep) / sizeof(keep[0])))
		return true;
	fprintf(stderr,
	        "shunt-door: cannot keep CAP_BPF and CAP_NET_ADMIN and give up the rest: %s; start "
	        "it by its unit, or as root\n",
	        strerror(errno));
	return false;
}

int main(int argc, char **argv)
{
	const struct options options = parse(argc, argv);
	const struct passwd *user = getpwnam(options.user);
	char error[512];
	int listening;

	if (!user) {
		fprintf(stderr,
		        "shunt-door: there is no user \"%s\"; name the one that shuntd runs as by "
		        "--user\n",
		        options.user);
		return 1;
	}
	listening = entry_listen(options.socket, user->pw_gid, error, sizeof(error));
	if (listening < 0) {
		fprintf(stderr, "shunt-door: %s\n", error);
		return 1;
	}
	if (!confine())
		return 1;
	return serve_run(&(struct serve_options){ .file = options.config,
	                                          .daemon = user->pw_uid,
	                                          .listening = listening,
	                                          .stay = options.socket });
}
