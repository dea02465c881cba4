/*
 * What etcd answers, and what other hosts have written there, for libFuzzer and for the replay in
 * tests/unit/fuzz. Input: a kind, a piece size, then the text.
 *
 * What was read of a value must survive being written and read again.
 */
#include <stdio.h>

#include "fleet/commands.h"
#include "fleet/hosts.h"
#include "fleet/lines.h"
#include "fleet/reply.h"
#include "fleet/value.h"
#include "tests/fuzz/bytes.h"

static void see_record(void *arg, const char *record)
{
	(void)arg;
	HOLDS(strlen(record) <= SHUNT_NAME_MAX);
}

static void check_host(const char *text, size_t size)
{
	static const char *const ids[] = { "primary", "secondary" };
	static const struct ballot_rule rule = { BALLOT_QUORUM, 50, 1 };
	struct value_host *host = value_host_parse(text, size), *again;
	struct hosts hosts = { .changed = see_record };
	struct ballot_result result;
	size_t left_out;
	char *written;

	if (!host)
		return;
	written = value_host_format(host, &left_out);
	again = value_host_parse(written, strlen(written));
	HOLDS(left_out > 0 || (again && again->count == host->count));
	free(written);
	hosts_ballot(&hosts, "db.example.com", ids, 2, &rule, &result);
	HOLDS(result.voters == 0);
	HOLDS(hosts_put(&hosts, "a", host));
	hosts_ballot(&hosts, "db.example.com", ids, 2, &rule, &result);
	HOLDS(result.voters <= 1 && result.agreed < 2);
	if (again)
		HOLDS(hosts_put(&hosts, "a", again));
	hosts_free(&hosts);
}

static void check_order(const char *text, size_t size)
{
	struct value_order *order = value_order_parse(text, size), *again;
	struct commands commands = { .changed = see_record };
	char *written;

	if (!order)
		return;
	written = value_order_format(&order->order);
	again = value_order_parse(written, strlen(written));
	HOLDS(again && strcmp(again->order.by, order->order.by) == 0 &&
	      again->order.host_count == order->order.host_count);
	free(written);
	value_order_free(again);
	HOLDS(commands_put(&commands, "db.example.com", order));
	HOLDS(commands_find(&commands, "DB.example.com"));
	commands_free(&commands);
}

static void see_key(void *arg, const struct reply_key *key)
{
	(void)arg;
	HOLDS(key->key[0] && key->value[key->length] == '\0');
	check_host(key->value, key->length);
	check_order(key->value, key->length);
}

/* A line of a stream, which is a whole answer of another call, too. */
static bool see_line(void *arg, const char *text, size_t length)
{
	json_t *reply = reply_parse(text, length);
	const json_t *result = reply_result(reply);

	(void)arg;
	HOLDS(strlen(text) <= length);
	if (!reply)
		return true;
	reply_revision(reply);
	reply_cluster(result);
	reply_keys(reply, see_key, NULL);
	reply_changes(result, see_key, NULL);
	json_decref(reply);
	return true;
}

static void cut(const uint8_t *data, size_t size, size_t most)
{
	struct lines lines = { .max = 65536 };
	bool more = true;

	for (size_t at = 0; more && at < size; at += most) {
		const size_t piece = size - at < most ? size - at : most;
		char *copy = text_new(data + at, piece);

		more = lines_take(&lines, copy, piece, see_line, NULL);
		free(copy);
	}
	lines_free(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 2)
		return 0;
	text = text_new(data + 2, size - 2);
	if (data[0] % 3 == 0)
		check_host(text, size - 2);
	else if (data[0] % 3 == 1)
		check_order(text, size - 2);
	else
		cut(data + 2, size - 2, data[1] + 1u);
	free(text);
	return 0;
}
