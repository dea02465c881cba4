#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/ask.h"
#include "api/record.h"
#include "base/cli.h"
#include "base/clock.h"
#include "base/human.h"
#include "commands.h"

#define PAUSE_NS 50000000L /* 50 ms between two polls */
#define SLACK_MS 5000      /* added to the time that the probes may take */

/* --- waiting ---------------------------------------------------------------------------------- */

static bool address_ready(const json_t *address)
{
	return record_number(address, "probes") >= record_number(address, "asked");
}

static bool record_ready(const json_t *record)
{
	json_t *endpoint, *address;
	size_t i, k;

	json_array_foreach (json_object_get(record, "endpoints"), i, endpoint) {
		json_array_foreach (json_object_get(endpoint, "addresses"), k, address) {
			if (!address_ready(address))
				return false;
		}
	}
	return true;
}

/* Polls the record until every requested verdict is available. Replaces `*record`. */
static int wait_for_verdicts(const char *control, const char *name, long long within_ms,
                             json_t **record)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t end = clock_ms() + (uint64_t)(within_ms + SLACK_MS);

	while (!record_ready(*record) && clock_ms() < end) {
		json_t *next;
		int result;

		nanosleep(&pause, NULL);
		result = ask_record(control, name, &next);
		if (result != CLI_DONE)
			return result;
		json_decref(*record);
		*record = next;
	}
	return CLI_DONE;
}

/* --- printing --------------------------------------------------------------------------------- */

struct widths {
	int endpoint, address;
};

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = (int)strlen(text);
}

static void print_row(const struct widths *widths, const char *endpoint, const char *address,
                      const char *verdict)
{
	char *line;

	if (asprintf(&line, "%-*s  %-*s  %s", widths->endpoint, endpoint, widths->address, address,
	             verdict) < 0)
		return;
	puts(human_printable(line));
	free(line);
}

/* "passed in 1.2 ms", "failed: connection refused" */
static void print_address(const struct widths *widths, const json_t *endpoint,
                          const json_t *address)
{
	char verdict[256], latency[HUMAN_TIME_MAX];
	const char *error = record_field(address, "last_error");

	if (!json_is_string(json_object_get(endpoint, "check")))
		snprintf(verdict, sizeof(verdict), "no check");
	else if (!address_ready(address) || !*record_field(address, "last_probe"))
		snprintf(verdict, sizeof(verdict), "no verdict yet");
	else if (*error)
		snprintf(verdict, sizeof(verdict), "failed: %s", error);
	else
		snprintf(verdict, sizeof(verdict), "passed in %s",
		         human_latency(json_number_value(json_object_get(address, "latency_ms")),
		                       latency));
	print_row(widths, record_field(endpoint, "id"), record_field(address, "address"), verdict);
}

static void print_verdicts(const json_t *record)
{
	struct widths widths = { (int)strlen("ENDPOINT"), (int)strlen("ADDRESS") };
	const json_t *endpoints = json_object_get(record, "endpoints"), *addresses;
	json_t *endpoint, *address;
	size_t i, k;

	json_array_foreach (endpoints, i, endpoint) {
		widen(&widths.endpoint, record_field(endpoint, "id"));
		json_array_foreach (json_object_get(endpoint, "addresses"), k, address) {
			widen(&widths.address, record_field(address, "address"));
		}
	}
	print_row(&widths, "ENDPOINT", "ADDRESS", "VERDICT");
	json_array_foreach (endpoints, i, endpoint) {
		addresses = json_object_get(endpoint, "addresses");
		json_array_foreach (addresses, k, address) {
			print_address(&widths, endpoint, address);
		}
		if (k == 0)
			print_row(&widths, record_field(endpoint, "id"), "-",
			          *record_field(endpoint, "error") ? record_field(endpoint, "error")
			                                           : "no address");
	}
}

/* --- the command ------------------------------------------------------------------------------ */

static int check(const char *control, const char *name)
{
	json_t *answer, *record;
	int result = ask_post(control, name, "/check", NULL, &answer);

	if (result != CLI_DONE)
		return result;
	record = json_incref(json_object_get(answer, "record"));
	result = wait_for_verdicts(control, name, record_number(answer, "within_ms"), &record);
	json_decref(answer);
	if (result == CLI_DONE) {
		print_verdicts(record);
		result = cli_finish(CLI_DONE);
	}
	if (result == CLI_DONE && !record_ready(record)) {
		cli_error(
		        "timed out: some probes have not begun or not ended; is the daemon busy?");
		result = CLI_UNREACHABLE;
	}
	json_decref(record);
	return result;
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	struct command_line line;
	int status;

	if (!command_begin(command, context, NULL, argc, argv, &line, &status))
		return status;
	return check(line.control, line.operands[0]);
}

const struct command check_command = {
	.name = "check",
	.summary = "probe every endpoint of a name now",
	.operands = { 1, 1, "one name", { "name" } },
	.help = "Usage: shunt check NAME [--control PATH]\n"
	        "\n"
	        "Probes every address of NAME now and prints each verdict, always of a probe that\n"
	        "began after the request. These verdicts count like any other.\n"
	        "Needs root, or membership in the control socket's group.\n"
	        "\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 every probe has a verdict, passed or failed; 3 the daemon cannot\n"
	        "be reached, or a verdict did not arrive in time; 4 the daemon refused.\n",
	.run = run,
};
