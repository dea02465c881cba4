#include "serve/arguments.h"

#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "shunt/version.h"

#define EXIT_USAGE 64 /* EX_USAGE of sysexits(3) */

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' }, { "user", required_argument, NULL, 'u' },
	{ "socket", required_argument, NULL, 's' }, { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },      { NULL, 0, NULL, 0 },
};

_Noreturn static void usage_error(const char *name)
{
	fprintf(stderr, "Try '%s --help'.\n", name);
	exit(EXIT_USAGE);
}

_Noreturn static void flush_and_exit(void)
{
	exit(fflush(stdout) == 0 ? 0 : 1);
}

static const struct passwd *find_user(const char *name, const char *user)
{
	const struct passwd *found = getpwnam(user);

	if (found)
		return found;
	fprintf(stderr, "%s: there is no user \"%s\"; name the one that shuntd runs as by --user\n",
	        name, user);
	exit(1);
}

struct arguments arguments_read(int argc, char **argv, const char *name, const char *usage)
{
	struct arguments arguments = { "/etc/shunt/shunt.conf", NULL, NULL };
	const char *user = "shunt";
	int c;

	while ((c = getopt_long(argc, argv, "c:u:s:hV", long_options, NULL)) != -1) {
		switch (c) {
		case 'c': arguments.config = optarg; break;
		case 'u': user = optarg; break;
		case 's': arguments.socket = optarg; break;
		case 'h': fputs(usage, stdout); flush_and_exit();
		case 'V': printf("%s " SHUNT_VERSION "\n", name); flush_and_exit();
		default: usage_error(name);
		}
	}
	if (optind != argc) {
		fprintf(stderr, "%s: what is '%s'? The configuration is named by -c\n", name,
		        argv[optind]);
		usage_error(name);
	}
	arguments.daemon = find_user(name, user);
	return arguments;
}
