/* shuntd: the command line, and a configuration that is only checked or that the server runs with. */
#include <stdio.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "base/log.h"
#include "door/door.h"
#include "process/cmdline.h"
#include "process/environment.h"
#include "process/stack.h"
#include "reload/reload.h"
#include "report/libraries.h"
#include "server/server.h"
#include "server/starter.h"

#include "shunt/version.h"

static void set_log_level(const struct cmdline *options)
{
	if (options->verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	else if (options->private_dir)
		log_set_level(LOG_LEVEL_ERROR);
}

static int print_versions(void)
{
	printf("shuntd %s\n", SHUNT_VERSION);
	libraries_print(stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}

static void print_hints(const struct config *config)
{
	char text[DOOR_HINT_MAX];
	const char *door = door_hint(config, text);

	for (const char *const *hint = config->hints; *hint; hint++)
		fprintf(stderr, "%s\n", *hint);
	if (door)
		fprintf(stderr, "%s: hint: %s\n", config->path, door);
}

/* To connect would start the helper; that there is a socket is what an installation can lack. */
static void hint_at_reset(const struct config *config)
{
	char line[16] = "";
	struct stat status;

	if (!config->has_resets ||
	    (stat(config->reset_socket, &status) == 0 && S_ISSOCK(status.st_mode)))
		return;
	if (config->reset_socket_line)
		snprintf(line, sizeof(line), ":%u", config->reset_socket_line);
	fprintf(stderr,
	        "%s%s: reset_socket: hint: nobody listens at %s, so that no connections are reset; "
	        "systemctl enable --now shunt-reset.socket\n",
	        config->reset_socket_file, line, config->reset_socket);
}

/* Not inlined: main() must not need the stack that run() does. */
__attribute__((noinline)) static int run(int argc, char **argv)
{
	char error[CONFIG_ERROR_MAX];
	struct cmdline options;
	struct config *config;

	environment_fill_descriptors();
	environment_leave_shim(argv);
	cmdline_parse(argc, argv, &options);
	if (options.version)
		return print_versions();
	/* Without memory for its default context, OpenSSL's first digest would write through NULL. */
	if (!OSSL_LIB_CTX_get0_global_default())
		log_fatal("OpenSSL cannot start: out of memory");
	config = reload_read(options.file, error);
	if (!config) {
		fprintf(stderr, "%s\n", error);
		starter_failed(&options);
		return 1;
	}
	if (options.test) {
		print_hints(config);
		hint_at_reset(config);
		printf("%s: good: %zu %s\n", options.file, config->record_count,
		       reload_noun(config->record_count));
		config_free(config);
		return 0;
	}
	set_log_level(&options);
	return server_run(&options, config);
}

int main(int argc, char **argv)
{
	stack_keep();
	return run(argc, argv);
}
