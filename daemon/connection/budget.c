#include "connection/budget.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "connection/watch.h"

/* The targets seen so far, as text; may contain some twice. */
struct budget {
	struct arena *arena;
	const char **targets;
	size_t count, room;
};

static void add(struct budget *budget, const char *target)
{
	if (budget->count == budget->room) {
		budget->room = budget->room ? 2 * budget->room : 64;
		budget->targets = realloc(budget->targets, budget->room * sizeof(*budget->targets));
		if (!budget->targets)
			log_fatal("out of memory");
	}
	budget->targets[budget->count++] = target;
}

static void add_check(struct budget *budget, const struct check *check, const char *record,
                      const char *place)
{
	const char *host = check->per_record ? record : "";

	for (size_t i = 0; i < check->of_count; i++)
		add_check(budget, check->of[i], record, place);
	if (check->watch && !check->disabled)
		add(budget, arena_printf(budget->arena, "%s %s %s", place, host, check->key));
}

static void add_endpoint(struct budget *budget, const struct endpoint_config *endpoint,
                         const char *record)
{
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; endpoint->check && i < endpoint->source_count; i++) {
		const struct source *source = &endpoint->sources[i];

		add_check(budget, endpoint->check, record,
		          source->name ? source->name : address_format(&source->address, text));
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_different(struct budget *budget)
{
	size_t different = 0;

	if (budget->count)
		qsort(budget->targets, budget->count, sizeof(*budget->targets), compare);
	for (size_t i = 0; i < budget->count; i++)
		different += !i || strcmp(budget->targets[i - 1], budget->targets[i]) != 0;
	return different;
}

size_t budget_needed(const struct config *config)
{
	struct budget budget = { .arena = arena_new() };
	size_t needed;

	for (size_t i = 0; i < config->record_count; i++) {
		const struct record_config *record = &config->records[i];

		for (size_t k = 0; k < record->endpoint_count; k++)
			add_endpoint(&budget, &record->endpoints[k], record->name);
	}
	needed = count_different(&budget);
	free(budget.targets);
	arena_free(budget.arena);
	return needed;
}

bool budget_hint(const struct config *config, uint64_t descriptors, char line[CONFIG_ERROR_MAX])
{
	const size_t needed = budget_needed(config);
	const unsigned room = watcher_room(descriptors);

	if (needed <= room)
		return false;
	config_error(
	        line,
	        "%s:%u: hint: records: watch = true has %zu connections held, and %u of %llu "
	        "descriptors are for them; raise LimitNOFILE to %zu, else some addresses are only "
	        "probed",
	        config->records_file, config->records_line, needed, room,
	        (unsigned long long)descriptors, needed * WATCHER_SHARE);
	return true;
}
