/* What etcd's gateway is asked, and what it answers; the texts are those of 3.4.23. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/ask.h"
#include "fleet/coding.h"
#include "fleet/fault.h"
#include "fleet/lines.h"
#include "fleet/reply.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEADER                                                                                     \
	"\"header\":{\"cluster_id\":\"324952591200643719\",\"member_id\":\"3319814642761637952\"," \
	"\"revision\":\"3\",\"raft_term\":\"2\"}"

/* --- base64 ----------------------------------------------------------------------------------- */

static void test_coding(void **state)
{
	static const char *const pairs[][2] = { { "", "" },        { "f", "Zg==" },
		                                { "fo", "Zm8=" },  { "foo", "Zm9v" },
		                                { "/s/", "L3Mv" }, { "\xff\xfe", "//4=" } };

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		char *text = coding_encode(pairs[i][0], strlen(pairs[i][0])), *bytes;
		size_t length;

		assert_string_equal(text, pairs[i][1]);
		bytes = coding_decode(text, &length);
		assert_int_equal(length, strlen(pairs[i][0]));
		assert_string_equal(bytes, pairs[i][0]);
		free(bytes);
		free(text);
	}
}

static void test_bad_coding(void **state)
{
	static const char *const bad[] = { "Zg",   "Zg=",    "Z===",    "====", "Zg==Zg==",
		                           "Z g=", "Zm9v\n", "Zm9v===", "Zm_v", " Zm9v" };
	size_t length;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char *bytes = coding_decode(bad[i], &length);

		if (bytes)
			fail_msg("\"%s\" is taken", bad[i]);
	}
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool add_line(void *arg, const char *text, size_t length)
{
	char *all = arg;

	assert_int_equal(strlen(text), length);
	strcat(strcat(all, text), "|");
	return strcmp(text, "stop") != 0;
}

/* The same lines however the bytes arrive. */
static void test_lines(void **state)
{
	static const char text[] = "one\n\ntwo\nthree";

	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct lines lines = { .max = 5 };
		char all[64] = "";

		for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
			const size_t left = sizeof(text) - 1 - at;

			assert_true(lines_take(&lines, text + at, left < piece ? left : piece,
			                       add_line, all));
		}
		assert_string_equal(all, "one|two|");
		assert_true(lines_take(&lines, "\n", 1, add_line, all));
		assert_string_equal(all, "one|two|three|");
		lines_free(&lines);
	}
}

static void test_long_line(void **state)
{
	struct lines lines = { .max = 5 };
	char all[64] = "";

	(void)state;
	assert_true(lines_take(&lines, "12345\n123", 9, add_line, all));
	assert_false(lines_take(&lines, "456\n", 4, add_line, all));
	assert_string_equal(all, "12345|");
	lines_free(&lines);
}

static void test_stopped(void **state)
{
	struct lines lines = { .max = 5 };
	char all[64] = "";

	(void)state;
	assert_false(lines_take(&lines, "stop\nmore\n", 10, add_line, all));
	assert_string_equal(all, "stop|");
	lines_free(&lines);
}

/* --- questions -------------------------------------------------------------------------------- */

static void assert_text(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	free(text);
}

static void test_questions(void **state)
{
	(void)state;
	assert_text(ask_login("a\"", "b"), "{\"name\":\"a\\\"\",\"password\":\"b\"}");
	assert_text(ask_grant(5), "{\"TTL\":\"5\"}");
	assert_text(ask_lease(UINT64_MAX), "{\"ID\":\"18446744073709551615\"}");
	assert_text(
	        ask_range("/s/", NULL, 500, 0),
	        "{\"key\":\"L3Mv\",\"range_end\":\"L3Mw\",\"limit\":\"500\",\"revision\":\"0\"}");
	/* "/s/a" and a zero */
	assert_text(ask_range("/s/", "/s/a", 500, 7),
	            "{\"key\":\"L3MvYQA=\",\"range_end\":\"L3Mw\",\"limit\":\"500\",\"revision\":"
	            "\"7\"}");
	assert_text(
	        ask_watch("/s/", 7),
	        "{\"create_request\":{\"key\":\"L3Mv\",\"range_end\":\"L3Mw\",\"start_revision\":"
	        "\"7\",\"fragment\":true}}");
	assert_text(ask_put("/s/", "f", 9),
	            "{\"key\":\"L3Mv\",\"value\":\"Zg==\",\"lease\":\"9\"}");
	assert_text(ask_swap("/s/", "f", 9, 0),
	            "{\"compare\":[{\"key\":\"L3Mv\",\"target\":\"CREATE\",\"result\":\"EQUAL\","
	            "\"create_revision\":\"0\"}],\"success\":[{\"request_put\":{\"key\":\"L3Mv\","
	            "\"value\":\"Zg==\",\"lease\":\"9\"}}]}");
	assert_text(ask_swap("/s/", "f", 9, 3),
	            "{\"compare\":[{\"key\":\"L3Mv\",\"target\":\"MOD\",\"result\":\"EQUAL\","
	            "\"mod_revision\":\"3\"}],\"success\":[{\"request_put\":{\"key\":\"L3Mv\","
	            "\"value\":\"Zg==\",\"lease\":\"9\"}}]}");
}

/* --- answers ---------------------------------------------------------------------------------- */

static json_t *parse(const char *text)
{
	json_t *reply = reply_parse(text, strlen(text));

	assert_non_null(reply);
	return reply;
}

static void test_numbers(void **state)
{
	json_t *reply =
	        parse("{\"a\":\"18446744073709551615\",\"b\":\"18446744073709551616\",\"c\":7,"
	              "\"d\":-7,\"e\":\"-7\",\"f\":\"7x\",\"g\":true,\"h\":\"\"," HEADER "}");

	(void)state;
	assert_true(reply_number(reply, "a") == UINT64_MAX);
	assert_int_equal(reply_number(reply, "b"), 0);
	assert_int_equal(reply_number(reply, "c"), 7);
	for (const char *name = "defghi"; *name; name++)
		assert_int_equal(reply_number(reply, (char[]){ *name, '\0' }), 0);
	assert_int_equal(reply_number(NULL, "a"), 0);
	assert_true(reply_true(reply, "g"));
	assert_false(reply_true(reply, "c"));
	assert_int_equal(reply_revision(reply), 3);
	assert_true(reply_cluster(reply) == UINT64_C(324952591200643719));
	json_decref(reply);
}

static void test_errors(void **state)
{
	static const char *const rows[][2] = {
		{ "{\"error\":\"etcdserver: permission denied\",\"code\":7}",
		  "etcdserver: permission denied" },
		{ "{\"error\":{\"grpc_code\":14,\"message\":\"etcdserver: no leader\"}}",
		  "etcdserver: no leader" },
		{ "{\"code\":7,\"message\":\"etcdserver: permission denied\",\"details\":[]}",
		  "etcdserver: permission denied" },
		{ "{\"code\":7}", "an error without a text" },
		{ "{\"code\":0,\"message\":\"\"}", NULL },
		{ "{\"error\":7}", "an error without a text" },
		{ "{\"result\":{}}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *reply = parse(rows[i][0]);

		if (rows[i][1])
			assert_string_equal(reply_error(reply), rows[i][1]);
		else
			assert_null(reply_error(reply));
		json_decref(reply);
	}
	assert_null(reply_error(NULL));
	assert_null(reply_parse("[]", 2));
	assert_null(reply_parse("{} {}", 5));
	assert_null(reply_parse("", 0));
}

static void add_key(void *arg, const struct reply_key *key)
{
	char *all = arg;

	sprintf(all + strlen(all), "%s%s=%s@%d/%d ", key->deleted ? "-" : "", key->key, key->value,
	        (int)key->revision, (int)key->lease);
}

static void test_keys(void **state)
{
	json_t *reply = parse(
	        "{\"kvs\":[{\"key\":\"L3MvYQ==\",\"mod_revision\":\"2\",\"value\":\"Zg==\","
	        "\"lease\":"
	        "\"9\"},{\"key\":\"L3MvYg==\",\"mod_revision\":\"3\"},7,{\"mod_revision\":\"3\"},"
	        "{\"key\":\"?\",\"mod_revision\":\"3\"},{\"key\":\"L3MvYQ==\"},"
	        "{\"key\":\"L3MAYQ==\",\"mod_revision\":\"3\"},"
	        "{\"key\":\"L3MvYg==\",\"mod_revision\":\"3\",\"value\":7}]}");
	char all[256] = "";

	(void)state;
	assert_int_equal(reply_keys(reply, add_key, all), 6);
	assert_string_equal(all, "/s/a=f@2/9 /s/b=@3/0 ");
	json_decref(reply);
}

static void test_changes(void **state)
{
	json_t *reply = parse("{\"result\":{" HEADER ",\"events\":[{\"kv\":{\"key\":\"L3MvYQ==\","
	                      "\"mod_revision\":\"2\",\"value\":\"Zg==\"}},"
	                      "{\"type\":\"DELETE\",\"kv\":{\"key\":\"L3MvYg==\",\"mod_revision\":"
	                      "\"4\"}},{},7]}}");
	char all[256] = "";

	(void)state;
	assert_int_equal(reply_changes(reply_result(reply), add_key, all), 2);
	assert_string_equal(all, "/s/a=f@2/0 -/s/b=@4/0 ");
	assert_int_equal(reply_changes(reply, add_key, all), 0);
	json_decref(reply);
}

/* --- what errors mean ------------------------------------------------------------------------- */

static void test_faults(void **state)
{
	static const struct {
		const char *error;
		enum fault fault;
	} rows[] = {
		{ "etcdserver: invalid auth token", FAULT_TOKEN },
		{ "rpc error: etcdserver: revision of auth store is old", FAULT_TOKEN },
		{ "etcdserver: requested lease not found", FAULT_LEASE },
		{ "etcdserver: mvcc: required revision has been compacted", FAULT_CHANGES },
		{ "etcdserver: permission denied", FAULT_PERMISSION },
		{ "etcdserver: mvcc: database space exceeded", FAULT_SPACE },
		{ "etcdserver: no leader", FAULT_MEMBER },
		{ "", FAULT_MEMBER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(fault_of(rows[i].error), rows[i].fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coding),  cmocka_unit_test(test_bad_coding),
		cmocka_unit_test(test_lines),   cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_stopped), cmocka_unit_test(test_questions),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_keys),    cmocka_unit_test(test_changes),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
