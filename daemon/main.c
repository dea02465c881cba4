/* shuntd: the command line, and a configuration that is only checked or that the server runs with. */
#include <stdio.h>

#include "base/log.h"
#include "process/cmdline.h"
#include "process/environment.h"
#include "process/stack.h"
#include "reload/reload.h"
#include "report/libraries.h"
#include "server/hints.h"
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

/* Not inlined: main() must not need the stack that run() does. */
__attribute__((noinline)) static int run(int argc, char **argv)
{
	char error[CONFIG_ERROR_MAX];
	struct cmdline options;
	struct config *config;

	environment_fill_descriptors();
	environment_leave_shim(argv);
	environment_return_memory();
	cmdline_parse(argc, argv, &options);
	if (options.version)
		return print_versions();
	config = reload_read(options.file, error);
	if (!config) {
		fprintf(stderr, "%s\n", error);
		starter_failed(&options);
		return 1;
	}
	if (options.test) {
		hints_print(config, stderr);
		printf("%s: good: %zu %s\n", options.file, config->record_count,
		       reload_noun(config->record_count));
		hints_print_fleet(config, stdout);
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
