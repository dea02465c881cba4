/*
 * Where everything goes in a table: a pure function of the configuration, the same for a size that is asked for and for a table that
 * is filled. The format is shunt/table.h.
 *
 * Offsets of records and names count from the first byte behind the index.
 */
#ifndef SHUNT_PUBLISH_LAYOUT_H
#define SHUNT_PUBLISH_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* A name and where its parts go. */
struct layout_entry {
	const char *text;
	uint32_t length;
	uint32_t record;  /* offset */
	uint32_t name;    /* offset */
	uint32_t variant; /* of the seed: 0, or SHUNT_UNICODE_SEED */
	char *unicode;    /* to be freed: `text` of a name's Unicode form; else NULL */
};

struct layout {
	uint32_t seed;
	size_t slots;
	size_t size;
	struct layout_entry
	        *entries; /* each record's name, its aliases, then the Unicode forms of both */
	size_t entry_count;
	uint32_t *index; /* for each slot, 1 + the entry in it; 0: empty */
};

/* For a configuration whose strings outlive the layout; layout_free() it. */
void layout_make(struct layout *layout, const struct config *config);
void layout_free(struct layout *layout);

/* How many addresses of the endpoint there is room for: what is known from the start, or as much as a name may ever resolve to. */
uint32_t layout_address_room(const struct endpoint_config *endpoint);

/* Bytes of a record with its endpoints and addresses, without its names. */
size_t layout_record_size(const struct record_config *record);

/* What a slot of the index says of the name in it. */
uint32_t layout_hash(const struct layout *layout, const struct layout_entry *entry);

#endif
