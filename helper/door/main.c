/*
 * shunt-door: attaches doors to cgroups for shuntd, and keeps them while it restarts.
 *
 *   socket → nothing but two capabilities → connections, one after another (serve)
 */
#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door/serve.h"
#include "serve/arguments.h"
#include "serve/entry.h"
#include "serve/sandbox.h"

static const char usage[] =
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
	const struct arguments arguments = arguments_read(argc, argv, "shunt-door", usage);
	char error[512];
	int listening;

	listening = entry_listen(arguments.socket, arguments.daemon->pw_gid, error, sizeof(error));
	if (listening < 0) {
		fprintf(stderr, "shunt-door: %s\n", error);
		return 1;
	}
	if (!confine()) {
		entry_close();
		return 1;
	}
	return serve_run(&(struct serve_options){ .file = arguments.config,
	                                          .daemon = arguments.daemon->pw_uid,
	                                          .listening = listening,
	                                          .stay = arguments.socket });
}
