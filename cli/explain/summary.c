#include "explain/summary.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/record.h"
#include "show/table.h"

#define PIDS_TEXT_MAX 64

/* The order of the lines. */
static const char *const doors[] = { "preload", "nss", "bpf", "none" };

enum { DOOR, USER, PROGRAM, PIDS, FINDING };

static const bool words[TABLE_COLUMNS] = { false };

/* Alike processes, next to each other once they are sorted. */
struct alike {
	const json_t **first;
	size_t count;
};

static size_t order_of(const json_t *report)
{
	size_t i = 0;

	while (i < sizeof(doors) / sizeof(doors[0]) - 1 &&
	       strcmp(doors[i], record_field(report, "door")) != 0)
		i++;
	return i;
}

/* 0: they stand in one line. */
static int compare(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "program", "brief", "user" };
	int order = (int)order_of(a) - (int)order_of(b);

	for (size_t i = 0; !order && i < sizeof(keys) / sizeof(keys[0]); i++)
		order = strcmp(record_field(a, keys[i]), record_field(b, keys[i]));
	return order;
}

static json_int_t pid_of(const json_t *report)
{
	return json_integer_value(json_object_get(report, "pid"));
}

static int compare_elements(const void *a, const void *b)
{
	const json_t *one = *(const json_t *const *)a, *other = *(const json_t *const *)b;
	const int order = compare(one, other);

	return order ? order : (pid_of(one) > pid_of(other)) - (pid_of(one) < pid_of(other));
}

/* The caller frees it. */
static const json_t **sorted(const json_t *reports, size_t *count)
{
	const json_t **list = calloc(json_array_size(reports) + 1, sizeof(*list));

	*count = list ? json_array_size(reports) : 0;
	for (size_t i = 0; i < *count; i++)
		list[i] = json_array_get(reports, i);
	if (list)
		qsort(list, *count, sizeof(*list), compare_elements);
	return list;
}

/* "812", "812 +5" */
static void put_pids(const struct alike *alike, char text[PIDS_TEXT_MAX])
{
	const int length = snprintf(text, PIDS_TEXT_MAX, "%lld", (long long)pid_of(*alike->first));

	if (alike->count > 1)
		snprintf(text + length, PIDS_TEXT_MAX - (size_t)length, " +%zu", alike->count - 1);
}

static void put_row(struct table *table, const struct table_row *row, FILE *out)
{
	if (out)
		table_print(table, row, out);
	else
		table_measure(table, row, words);
}

/* Measures without `out`. */
static void put_processes(struct table *table, const json_t **list, size_t count, FILE *out)
{
	struct table_row titles = { .cell = { "DOOR", "USER", "PROGRAM", "PROCESSES",
		                              table->last_below ? NULL : "FINDING" } };
	struct alike alike = { 0 };
	char pids[PIDS_TEXT_MAX];

	put_row(table, &titles, out);
	for (size_t i = 0; i < count; i += alike.count) {
		alike = (struct alike){ .first = list + i };
		while (i + alike.count < count && compare(list[i], list[i + alike.count]) == 0)
			alike.count++;
		put_pids(&alike, pids);
		put_row(table,
		        &(struct table_row){ .cell = { record_field(list[i], "door"),
		                                       record_field(list[i], "user"),
		                                       record_field(list[i], "program"), pids,
		                                       record_field(list[i], "brief") } },
		        out);
	}
}

static bool was_told(const json_t **list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(record_field(list[k], "brief"), record_field(list[i], "brief")) == 0)
			return true;
	return false;
}

/* Each finding with a cure, once. */
static size_t put_cures(struct table *table, const json_t **list, size_t count, FILE *out)
{
	size_t cures = 0;

	for (size_t i = 0; i < count; i++) {
		const char *cure = record_field(list[i], "cure");

		if (!*cure || was_told(list, i))
			continue;
		put_row(table,
		        &(struct table_row){
		                .cell = { record_field(list[i], "brief"), [FINDING] = cure } },
		        out);
		cures++;
	}
	return cures;
}

void summary_print(const json_t *reports, size_t width, FILE *out)
{
	struct table processes = { .floor = { [PROGRAM] = 24 } };
	struct table cures = { .indent = 2 };
	size_t count;
	const json_t **list = sorted(reports, &count);

	put_processes(&processes, list, count, NULL);
	table_fit(&processes, width);
	put_processes(&processes, list, count, out);
	if (put_cures(&cures, list, count, NULL)) {
		table_fit(&cures, width);
		fputs("\nWhat would change that:\n", out);
		put_cures(&cures, list, count, out);
	}
	free(list);
}
