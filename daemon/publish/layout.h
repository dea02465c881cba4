/*
 * The layout of a table: a pure function of the configuration, so that the size computed and the
 * table filled always agree. The format is defined in shunt/table.h.
 *
 * Offsets of records and names count from the first byte after the index.
 */
#ifndef SHUNT_PUBLISH_LAYOUT_H
#define SHUNT_PUBLISH_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* A name and the offsets of its parts. */
struct layout_entry {
	const char *text;
	uint32_t length;
	uint32_t record;  /* offset */
	uint32_t name;    /* offset */
	uint32_t variant; /* variant of the seed: 0 or SHUNT_UNICODE_SEED */
	char *unicode;    /* owned; holds `text` if that is a name's Unicode form; else NULL */
};

struct layout {
	uint32_t seed;
	size_t slots;
	size_t size;
	/* For each record its name, its aliases, then the Unicode forms of both. */
	struct layout_entry *entries;
	size_t entry_count;
	uint32_t *index; /* for each slot, 1 + the index of its entry; 0: empty */
};

/* The strings of the configuration must outlive the layout. Free it with layout_free(). */
void layout_make(struct layout *layout, const struct config *config);
void layout_free(struct layout *layout);

/*
 * Number of addresses reserved for the endpoint: the known number for literals, the maximum for a
 * name.
 */
uint32_t layout_address_room(const struct endpoint_config *endpoint);

/* Size in bytes of a record with its endpoints and addresses, without its names. */
size_t layout_record_size(const struct record_config *record);

/* The value in the index slot of that name. */
uint32_t layout_hash(const struct layout *layout, const struct layout_entry *entry);

#endif
