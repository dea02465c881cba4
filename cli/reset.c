#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "api/ask.h"
#include "api/record.h"
#include "base/cli.h"
#include "base/clock.h"
#include "commands.h"

#define PAUSE_NS 20000000L /* 20 ms between two polls */
#define WAIT_MS 60000u     /* thousands of connections take their time: reset_rate */

struct order {
	const char *control, *name, *endpoint;
	bool dry_run;
};

/* --- waiting ---------------------------------------------------------------------------------- */

/* That order among the last ones, with a reference of its own; NULL: the daemon has forgotten it. */
static json_t *find(const json_t *resets, json_int_t number)
{
	json_t *reset;
	size_t i;

	json_array_foreach (json_object_get(resets, "resets"), i, reset) {
		if (json_integer_value(json_object_get(reset, "number")) == number)
			return json_incref(reset);
	}
	return NULL;
}

/* CLI_DONE: `*reset` is what came of it, as far as it has come, and is released by the caller. */
static int wait_for(const char *control, json_int_t number, json_t **reset)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	const uint64_t end = clock_ms() + WAIT_MS;
	json_t *resets;
	int result;

	for (;;) {
		result = ask_resets(control, &resets);
		if (result != CLI_DONE)
			return result;
		*reset = find(resets, number);
		json_decref(resets);
		if (!*reset) {
			cli_error("the daemon does not know any more what became of it");
			return CLI_UNREACHABLE;
		}
		if (json_is_true(json_object_get(*reset, "done")) || clock_ms() >= end)
			return CLI_DONE;
		json_decref(*reset);
		nanosleep(&pause, NULL);
	}
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_count(const json_t *reset, const char *key, const char *words)
{
	const json_int_t count = json_integer_value(json_object_get(reset, key));

	if (count > 0)
		printf(", %lld %s", (long long)count, words);
}

/* "primary: 10 of 12 connections reset, 1 had ended, 1 cannot be reset" */
static int print(const struct order *order, const json_t *reset)
{
	const long long found = json_integer_value(json_object_get(reset, "found"));

	if (*record_field(reset, "error")) {
		cli_error("%s", record_field(reset, "error"));
		return CLI_REFUSED;
	}
	printf("%s: ", order->endpoint);
	if (!order->dry_run)
		printf("%lld of ", (long long)json_integer_value(json_object_get(reset, "reset")));
	printf("%lld %s%s", found, found == 1 ? "connection" : "connections",
	       order->dry_run ? "" : " reset");
	print_count(reset, "gone", "had ended");
	print_count(reset, "kept", "cannot be reset");
	putchar('\n');
	if (json_is_true(json_object_get(reset, "done")))
		return cli_finish(CLI_DONE);
	cli_error("the rest is still being reset");
	return CLI_UNREACHABLE;
}

static void print_left_out(const json_t *answer)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(answer, "left_out"), i, one) {
		cli_error("%s is left out: %s answers with it", record_field(one, "address"),
		          record_field(one, "record"));
	}
}

/* --- the command ------------------------------------------------------------------------------ */

static int reset(const struct order *order)
{
	json_t *body =
	        json_pack("{s:s, s:b}", "endpoint", order->endpoint, "dry_run", order->dry_run);
	json_t *answer, *found = NULL;
	int result = ask_order(order->control, order->name, "/reset", body, "ENDPOINT", &answer);

	if (result != CLI_DONE)
		return result;
	print_left_out(answer);
	result = wait_for(order->control, json_integer_value(json_object_get(answer, "number")),
	                  &found);
	json_decref(answer);
	if (result != CLI_DONE)
		return result;
	result = print(order, found);
	json_decref(found);
	return result;
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	struct order order = { 0 };
	const struct option_row rows[] = { { 0, "dry-run", NULL, &order.dry_run }, { 0 } };
	struct command_line line;
	int status;

	if (!command_begin(command, context, rows, argc, argv, &line, &status))
		return status;
	order.control = line.control;
	order.name = line.operands[0];
	order.endpoint = line.operands[1];
	return reset(&order);
}

const struct command reset_command = {
	.name = "reset",
	.summary = "end the open connections to an endpoint",
	.operands = { 2, 2, "a name and an endpoint", { "name", "endpoint" } },
	.help = "Usage: shunt reset NAME ENDPOINT [--dry-run] [--control PATH]\n"
	        "\n"
	        "Resets the open connections of this host to the addresses of ENDPOINT, at the\n"
	        "ports of NAME: their programs get an error at once, and connect again. Not if\n"
	        "ENDPOINT answers for NAME, nor those to an address with which another name is\n"
	        "answered at one of these ports.\n"
	        "Needs root, or membership in the control socket's group; and shunt-reset(8).\n"
	        "\n"
	        "  --dry-run       only count them\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 done; 3 the daemon cannot be reached, or some connections are "
	        "still\n"
	        "being reset; 4 it refused, or shunt-reset did.\n",
	.run = run,
};
