#include "show/verdict.h"

#include <stdbool.h>
#include <string.h>

#include "base/cli.h"
#include "base/json_scan.h"

/* An endpoint can answer unless it is down or has no address. */
static bool is_useless(const char *health, size_t addresses)
{
	return strcmp(health, "down") == 0 || addresses == 0;
}

static int judge(size_t endpoints, size_t useless, bool on_primary)
{
	if (endpoints > 0 && useless == endpoints)
		return CLI_UNHEALTHY;
	return on_primary ? CLI_DONE : CLI_ELSEWHERE;
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

int verdict_record(const struct listing_record *record)
{
	const struct listing_endpoint *primary = record->endpoint_count ? record->endpoints : NULL;
	size_t useless = 0;

	for (size_t i = 0; i < record->endpoint_count; i++)
		useless +=
		        is_useless(record->endpoints[i].health, record->endpoints[i].address_count);
	return judge(record->endpoint_count, useless,
	             strcmp(record->active, primary ? primary->id : "") == 0);
}

int verdict_listing(const struct listing *listing)
{
	int worst = CLI_DONE;

	for (size_t i = 0; i < listing->record_count; i++)
		worst = worse(worst, verdict_record(&listing->records[i]));
	return worst;
}

/* --- from JSON -------------------------------------------------------------------------------- */

/*
 * The position within a status: {"records": [{"active", "endpoints": [{"id", "health", "addresses":
 * []}]}]}.
 */
enum { TOP = 1, RECORD = 3, ENDPOINT = 5, ADDRESS = 6 };

struct text {
	const char *at; /* as written; NULL: none */
	size_t size;
};

struct reader {
	bool is_object;
	bool in[ADDRESS]; /* whether the open container at each depth is the one expected above */
	int worst;
	/* Of the current record. */
	struct text active, primary;
	size_t endpoints, useless;
	/* Of the current endpoint. */
	struct text id;
	bool is_down;
	size_t addresses;
	/* Gets each token too; NULL: nobody. */
	void (*take)(void *arg, const struct json_scan_token *token);
	void *arg;
};

static void end_endpoint(struct reader *reader)
{
	if (reader->endpoints++ == 0)
		reader->primary = reader->id;
	reader->useless += reader->is_down || reader->addresses == 0;
	reader->id = (struct text){ 0 };
	reader->is_down = false;
	reader->addresses = 0;
}

static void end_record(struct reader *reader)
{
	bool on_primary = reader->active.size == reader->primary.size &&
	                  (reader->active.size == 0 ||
	                   memcmp(reader->active.at, reader->primary.at, reader->active.size) == 0);

	reader->worst = worse(reader->worst, judge(reader->endpoints, reader->useless, on_primary));
	reader->active = reader->primary = (struct text){ 0 };
	reader->endpoints = reader->useless = 0;
}

static void take_text(struct reader *reader, const struct json_scan_token *token)
{
	const struct text text = { token->text, token->size };

	if (token->depth == RECORD && reader->in[TOP] &&
	    json_scan_is(token->key, token->key_size, "active"))
		reader->active = text;
	if (token->depth != ENDPOINT || !reader->in[RECORD])
		return;
	if (json_scan_is(token->key, token->key_size, "id"))
		reader->id = text;
	if (json_scan_is(token->key, token->key_size, "health"))
		reader->is_down = json_scan_is(text.at, text.size, "down");
}

static void take_open(struct reader *reader, const struct json_scan_token *token)
{
	static const char *const keys[ADDRESS] = {
		[TOP] = "records", [RECORD] = "endpoints", [ENDPOINT] = "addresses"
	};
	const char *key = token->depth < ADDRESS ? keys[token->depth] : NULL;

	if (token->depth == 0)
		reader->is_object = *token->text == '{';
	if (key)
		reader->in[token->depth] = (token->depth == TOP || reader->in[token->depth - 2]) &&
		                           json_scan_is(token->key, token->key_size, key);
}

static void take_close(struct reader *reader, const struct json_scan_token *token)
{
	if (token->depth == ENDPOINT - 1 && reader->in[RECORD])
		end_endpoint(reader);
	if (token->depth == RECORD - 1 && reader->in[TOP])
		end_record(reader);
	if (token->depth < ADDRESS)
		reader->in[token->depth] = false;
}

static void take_token(void *arg, const struct json_scan_token *token)
{
	struct reader *reader = arg;

	if (token->depth == ADDRESS && token->kind != JSON_SCAN_CLOSE && reader->in[ENDPOINT])
		reader->addresses++;
	switch (token->kind) {
	case JSON_SCAN_TEXT: take_text(reader, token); break;
	case JSON_SCAN_OPEN: take_open(reader, token); break;
	case JSON_SCAN_CLOSE: take_close(reader, token); break;
	case JSON_SCAN_PLAIN: break;
	}
	if (reader->take)
		reader->take(reader->arg, token);
}

bool verdict_json(const char *text, size_t size, int *verdict,
                  void (*take)(void *arg, const struct json_scan_token *token), void *arg)
{
	struct reader reader = { .worst = CLI_DONE, .take = take, .arg = arg };
	bool good = json_scan(text, size, take_token, &reader);

	*verdict = reader.worst;
	return good && reader.is_object;
}
