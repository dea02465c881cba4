#include "resolve/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "resolve/rules.h"

const char *outcome_error(const struct outcome *outcome, const struct outcome *other)
{
	bool harmless = outcome->absent && outcome->address_count == 0 && other &&
	                (other->address_count > 0 || !other->concluded);

	return outcome->failing && !harmless ? outcome->error : NULL;
}

static bool same_addresses(const struct outcome *outcome, const struct dns_answer *answer)
{
	if (outcome->address_count != answer->count)
		return false;
	for (size_t i = 0; i < answer->count; i++)
		if (address_compare(&outcome->address[i], &answer->address[i]) != 0)
			return false;
	return true;
}

static void keep(struct outcome *outcome, const struct dns_answer *answer)
{
	free(outcome->address);
	outcome->address = memory_calloc(answer->count, sizeof(*answer->address));
	memcpy(outcome->address, answer->address, answer->count * sizeof(*answer->address));
	outcome->address_count = answer->count;
}

static struct outcome_next take_success(struct outcome *outcome, const struct dns_answer *answer,
                                        bool *changed)
{
	outcome->failing = false;
	outcome->absent = false;
	outcome->error = NULL;
	outcome->failures = 0;
	outcome->more = answer->more;
	*changed = !same_addresses(outcome, answer);
	if (*changed)
		keep(outcome, answer);
	return (struct outcome_next){ .wait_ms = resolve_ttl_ms(answer->ttl) };
}

static struct outcome_next take_failure(struct outcome *outcome, const struct outcome *other,
                                        const struct dns_answer *answer, bool others_answered)
{
	bool again = outcome->failing;
	uint32_t limit = RESOLVE_RETRY_MAX_MS;

	outcome->failing = true;
	outcome->absent = answer->outcome == DNS_ABSENT;
	outcome->error = answer->error;
	if (outcome->address_count == 0 && other->address_count > 0) {
		limit = RESOLVE_EMPTY_MS;
		if (outcome->absent)
			return (struct outcome_next){ .wait_ms = limit };
	}
	if (answer->outcome == DNS_FAILED && !(again && others_answered))
		return (struct outcome_next){ .outage = true };
	return (struct outcome_next){ .wait_ms = resolve_backoff_ms(outcome->failures++, limit) };
}

struct outcome_next outcome_take(struct outcome *outcome, const struct outcome *other,
                                 const struct dns_answer *answer, bool others_answered,
                                 bool *changed)
{
	outcome->concluded = true;
	*changed = false;
	if (answer->outcome == DNS_GOOD)
		return take_success(outcome, answer, changed);
	return take_failure(outcome, other, answer, others_answered);
}

void outcome_clear(struct outcome *outcome)
{
	free(outcome->address);
	*outcome = (struct outcome){ 0 };
}
