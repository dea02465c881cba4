#include "publish/layout.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "publish/unicode.h"

#include "shunt/table.h"

#define FORMS 3 /* of a name: as written, in Unicode, and that decomposed */
#define SLOTS_MIN SHUNT_PROBES_MAX
#define SEEDS_MAX 32u /* seeds tried before the index is doubled; in practice one or two suffice */

uint32_t layout_address_room(const struct endpoint_config *endpoint)
{
	for (size_t i = 0; i < endpoint->source_count; i++) {
		if (endpoint->sources[i].name)
			return SHUNT_ADDRESSES_MAX;
	}
	return endpoint->source_count < SHUNT_ADDRESSES_MAX ? (uint32_t)endpoint->source_count
	                                                    : SHUNT_ADDRESSES_MAX;
}

static size_t name_size(size_t length)
{
	return sizeof(struct shunt_name) + ((length + 3) & ~(size_t)3);
}

size_t layout_record_size(const struct record_config *record)
{
	size_t size = sizeof(struct shunt_record) +
	              record->endpoint_count * sizeof(struct shunt_endpoint);

	for (size_t i = 0; i < record->endpoint_count; i++)
		size += layout_address_room(&record->endpoints[i]) * sizeof(struct shunt_address);
	return size;
}

uint32_t layout_hash(const struct layout *layout, const struct layout_entry *entry)
{
	return shunt_name_hash(layout->seed ^ entry->variant, entry->text, entry->length);
}

/* Distance of the name in `slot` from its home slot. */
static size_t distance(const struct layout *layout, size_t slot)
{
	const struct layout_entry *entry = &layout->entries[layout->index[slot] - 1];
	uint32_t hash = layout_hash(layout, entry);

	return (slot - hash) & (layout->slots - 1);
}

/*
 * The entry that is nearer to its home slot is moved ("Robin Hood"), which keeps the longest search
 * short.
 */
static bool index_insert(struct layout *layout, uint32_t entry)
{
	const struct layout_entry *e = &layout->entries[entry - 1];
	size_t slot = layout_hash(layout, e) & (layout->slots - 1);

	for (size_t far = 0; far < SHUNT_PROBES_MAX; far++) {
		uint32_t other = layout->index[slot];

		if (!other) {
			layout->index[slot] = entry;
			return true;
		}
		if (distance(layout, slot) < far) {
			far = distance(layout, slot);
			layout->index[slot] = entry;
			entry = other;
		}
		slot = (slot + 1) & (layout->slots - 1);
	}
	return false;
}

static bool index_fill(struct layout *layout)
{
	memset(layout->index, 0, layout->slots * sizeof(layout->index[0]));
	for (size_t i = 0; i < layout->entry_count; i++) {
		if (!index_insert(layout, (uint32_t)i + 1))
			return false;
	}
	return true;
}

/*
 * Finds the first combination of seed and index size with which every name is found within
 * SHUNT_PROBES_MAX slots.
 */
static void index_choose(struct layout *layout)
{
	layout->slots = SLOTS_MIN;
	while (layout->slots < 2 * layout->entry_count)
		layout->slots *= 2;
	for (;; layout->slots *= 2) {
		layout->index =
		        memory_reallocarray(layout->index, layout->slots, sizeof(layout->index[0]));
		for (layout->seed = 0; layout->seed < SEEDS_MAX; layout->seed++) {
			if (index_fill(layout))
				return;
		}
	}
}

static void add_name(struct layout *layout, const char *name, size_t record)
{
	struct layout_entry *entry = &layout->entries[layout->entry_count++];

	entry->text = name;
	entry->length = (uint32_t)strlen(name);
	entry->record = (uint32_t)record;
	entry->name = (uint32_t)layout->size;
	layout->size += name_size(entry->length);
}

/* Takes ownership of `unicode`, which may be NULL. */
static void add_form(struct layout *layout, char *unicode, size_t record)
{
	if (!unicode)
		return;
	layout->entries[layout->entry_count].variant = SHUNT_UNICODE_SEED;
	layout->entries[layout->entry_count].unicode = unicode;
	add_name(layout, unicode, record);
}

static void add_unicode(struct layout *layout, const char *name, size_t record)
{
	char *unicode = unicode_name(name);

	if (!unicode)
		return;
	add_form(layout, unicode, record);
	add_form(layout, unicode_decomposed(unicode), record);
}

static void place(struct layout *layout, const struct config *config)
{
	for (size_t i = 0; i < config->record_count; i++) {
		const struct record_config *record = &config->records[i];
		size_t start = layout->size;

		layout->size += layout_record_size(record);
		add_name(layout, record->name, start);
		for (size_t j = 0; j < record->alias_count; j++)
			add_name(layout, record->aliases[j], start);
		add_unicode(layout, record->name, start);
		for (size_t j = 0; j < record->alias_count; j++)
			add_unicode(layout, record->aliases[j], start);
	}
}

void layout_make(struct layout *layout, const struct config *config)
{
	size_t names = config->record_count;

	for (size_t i = 0; i < config->record_count; i++)
		names += config->records[i].alias_count;
	*layout = (struct layout){ .entries = memory_calloc(FORMS * names,
		                                            sizeof(layout->entries[0])) };
	place(layout, config);
	index_choose(layout);
	layout->size += sizeof(struct shunt_table_header);
	layout->size += layout->slots * sizeof(struct shunt_slot);
}

void layout_free(struct layout *layout)
{
	for (size_t i = 0; i < layout->entry_count; i++)
		free(layout->entries[i].unicode);
	free(layout->index);
	free(layout->entries);
}
