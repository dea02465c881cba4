#include "show/verdict.h"

#include <stdbool.h>
#include <string.h>

#include "api/record.h"
#include "base/cli.h"

/* An endpoint can answer unless it is down, or has no address. */
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

static int record_verdict(const json_t *record)
{
	const json_t *endpoints = json_object_get(record, "endpoints");
	const char *active = record_field(record, "active");
	json_t *endpoint;
	size_t i, useless = 0;

	json_array_foreach (endpoints, i, endpoint) {
		useless += is_useless(record_field(endpoint, "health"),
		                      json_array_size(json_object_get(endpoint, "addresses")));
	}
	return judge(i, useless,
	             strcmp(active, record_field(json_array_get(endpoints, 0), "id")) == 0);
}

int verdict_json(const json_t *status)
{
	int worst = CLI_DONE;
	json_t *record;
	size_t i;

	json_array_foreach (json_object_get(status, "records"), i, record) {
		worst = worse(worst, record_verdict(record));
	}
	return worst;
}
