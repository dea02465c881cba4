#include "table.h"

#include <string.h>

#define TABLE_TRIES 64u /* whole searches, each spoilt by a table that was replaced meanwhile */
#define RECORD_TRIES                                                                               \
	1000u /* about 20 us; a writer needs less than one, if it keeps its processor */
#define NOT_FORCED                                                                                 \
	SHUNT_ENDPOINTS_MAX /* in the place of an endpoint's index: the record's own answer */
#define STRUCT_MAX 4096u    /* bytes of a later version's struct; keeps products far from 32 bits */

/* What the header says, copied once for each search, so that all checks hold for all uses. */
struct view {
	const unsigned char *base;
	uint32_t id[2];
	uint32_t used;
	uint32_t index;
	uint32_t slots;
	uint32_t seed;
	uint32_t record_size;
	uint32_t endpoint_size;
	uint32_t address_size;
};

static uint32_t load_acquire(const void *base, uint32_t offset)
{
	return __atomic_load_n((const uint32_t *)((const unsigned char *)base + offset),
	                       __ATOMIC_ACQUIRE);
}

static bool size_is_sane(uint32_t size, size_t known)
{
	return size >= known && size <= STRUCT_MAX && size % 4 == 0;
}

static bool inside(const struct view *view, uint32_t offset, uint32_t size)
{
	return offset % 4 == 0 && offset >= sizeof(struct shunt_table_header) &&
	       offset <= view->used && size <= view->used - offset;
}

static bool view_open(struct view *view, const void *base)
{
	view->base = base;
	table_id(base, view->id);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	view->used = TABLE_HEADER(base, used_size);
	view->index = TABLE_HEADER(base, index_offset);
	view->slots = TABLE_HEADER(base, index_slots);
	view->seed = TABLE_HEADER(base, hash_seed);
	view->record_size = TABLE_HEADER(base, record_size);
	view->endpoint_size = TABLE_HEADER(base, endpoint_size);
	view->address_size = TABLE_HEADER(base, address_size);
	return TABLE_HEADER(base, magic) == SHUNT_TABLE_MAGIC &&
	       TABLE_HEADER(base, version) == SHUNT_TABLE_VERSION &&
	       size_is_sane(TABLE_HEADER(base, header_size), sizeof(struct shunt_table_header)) &&
	       size_is_sane(view->record_size, sizeof(struct shunt_record)) &&
	       size_is_sane(view->endpoint_size, sizeof(struct shunt_endpoint)) &&
	       size_is_sane(view->address_size, sizeof(struct shunt_address)) &&
	       view->used <= SHUNT_TABLE_SIZE && view->slots != 0 &&
	       (view->slots & (view->slots - 1)) == 0 &&
	       view->slots <= SHUNT_TABLE_SIZE / sizeof(struct shunt_slot) &&
	       inside(view, view->index, view->slots * (uint32_t)sizeof(struct shunt_slot));
}

/* After what was read, before it is used. */
static bool view_holds(const struct view *view)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return table_same(view->base, view->id);
}

static inline bool name_is_inside(const struct view *view, uint32_t offset, uint32_t *length)
{
	if (!inside(view, offset, sizeof(struct shunt_name)))
		return false;
	*length = table_word(view->base, offset + (uint32_t)offsetof(struct shunt_name, length));
	return *length >= 1 && *length <= SHUNT_NAME_MAX &&
	       inside(view, offset, (uint32_t)sizeof(struct shunt_name) + ((*length + 3) & ~3u));
}

/* `offset` is that of a name that is inside. Whole words: `out` has room for SHUNT_NAME_MAX,
 * padded, and the terminator. */
static void name_copy(const struct view *view, uint32_t offset, uint32_t length,
                      char out[TABLE_NAME_SIZE])
{
	for (uint32_t i = 0; i < length; i += 4) {
		uint32_t word =
		        table_word(view->base, offset + (uint32_t)sizeof(struct shunt_name) + i);

		memcpy(out + i, &word, 4);
	}
	out[length] = '\0';
}

/* Most names are asked for as they are spelled, so that comes first. */
static bool name_is(const struct view *view, uint32_t offset, const char *name, uint32_t length)
{
	uint32_t place = offset + (uint32_t)sizeof(struct shunt_name), i;

	if (memcmp(view->base + place, name, length) == 0)
		return true;
	for (i = 0; i < length; i += 4) {
		uint32_t stored = table_word(view->base, place + i);
		uint32_t asked = shunt_name_word(name, length, i);

		if (shunt_lower_word(stored) != shunt_lower_word(asked))
			return false;
	}
	return true;
}

/* Name → offset of its record. */
static enum table_result find_record(const struct view *view, const char *name, uint32_t length,
                                     uint32_t *record)
{
	uint32_t hash = shunt_name_hash(view->seed, name, length);

	for (uint32_t i = 0; i < SHUNT_PROBES_MAX && i < view->slots; i++) {
		uint32_t slot = view->index + ((hash + i) & (view->slots - 1)) *
		                                      (uint32_t)sizeof(struct shunt_slot);
		uint32_t place =
		        table_word(view->base, slot + (uint32_t)offsetof(struct shunt_slot, name));
		uint32_t found;

		if (place == 0)
			return TABLE_ABSENT;
		if (table_word(view->base, slot + (uint32_t)offsetof(struct shunt_slot, hash)) !=
		    hash)
			continue;
		if (!name_is_inside(view, place, &found))
			return TABLE_DAMAGED;
		if (found != length || !name_is(view, place, name, length))
			continue;
		*record = table_word(view->base,
		                     place + (uint32_t)offsetof(struct shunt_name, record));
		return inside(view, *record, view->record_size) ? TABLE_FOUND : TABLE_BUSY;
	}
	return TABLE_ABSENT;
}

static bool copy_addresses(const struct view *view, uint32_t endpoint, struct table_answer *out)
{
#define ENDPOINT(member)                                                                           \
	table_word(view->base, endpoint + (uint32_t)offsetof(struct shunt_endpoint, member))
	uint32_t count = ENDPOINT(address_count), room = ENDPOINT(address_room);
	uint32_t place = ENDPOINT(addresses);

	if (room > SHUNT_ADDRESSES_MAX || count > room ||
	    (count && !inside(view, place, room * view->address_size)))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t *word = (uint32_t *)&out->addresses[i];

#pragma GCC unroll 8
		for (uint32_t j = 0; j < sizeof(struct shunt_address) / 4; j++)
			word[j] = table_word(view->base, place + i * view->address_size + j * 4);
		if (out->addresses[i].family != SHUNT_FAMILY_IPV4 &&
		    out->addresses[i].family != SHUNT_FAMILY_IPV6)
			return false;
	}
	out->count = count;
	return true;
#undef ENDPOINT
}

/* False: it makes no sense, be it damaged or half written. */
static bool copy_record(const struct view *view, uint32_t record, uint32_t forced,
                        struct table_answer *out)
{
#define RECORD(member)                                                                             \
	table_word(view->base, record + (uint32_t)offsetof(struct shunt_record, member))
	uint32_t name = RECORD(name), endpoints = RECORD(endpoints);
	uint32_t count = RECORD(endpoint_count), length;

	out->answer = forced == NOT_FORCED ? RECORD(answer) : forced;
	out->count = 0;
	if (!name_is_inside(view, name, &length))
		return false;
	name_copy(view, name, length, out->name);
	if (out->answer == SHUNT_ANSWER_DNS || out->answer == SHUNT_ANSWER_FAIL)
		return true;
	return count <= SHUNT_ENDPOINTS_MAX && out->answer < count &&
	       inside(view, endpoints, count * view->endpoint_size) &&
	       copy_addresses(view, endpoints + out->answer * view->endpoint_size, out);
#undef RECORD
}

static enum table_result read_record(const struct view *view, uint32_t record, uint32_t forced,
                                     struct table_answer *out)
{
	uint32_t place = record + (uint32_t)offsetof(struct shunt_record, sequence);

	for (unsigned i = 0; i < RECORD_TRIES; i++) {
		uint32_t sequence = load_acquire(view->base, place);
		bool good;

		if (sequence % 2 == 0) {
			good = copy_record(view, record, forced, out);
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			if (table_word(view->base, place) == sequence)
				return good ? TABLE_FOUND : TABLE_BUSY;
		}
		if (!table_same(view->base, view->id))
			break;
	}
	return TABLE_BUSY;
}

enum table_result table_find(const void *base, const char *name, uint32_t length,
                             struct table_answer *out)
{
	enum table_result result = TABLE_DAMAGED;
	struct view view;
	uint32_t record;

	for (unsigned i = 0; i < TABLE_TRIES; i++) {
		result = TABLE_DAMAGED;
		if (view_open(&view, base))
			result = find_record(&view, name, length, &record);
		if (result == TABLE_FOUND)
			result = read_record(&view, record, NOT_FORCED, out);
		if (view_holds(&view))
			return result;
	}
	return result == TABLE_DAMAGED ? result : TABLE_BUSY;
}

/* Names never change within a table, so that one look is enough. */
static bool copy_alias(const struct view *view, uint32_t record, uint32_t i,
                       char out[TABLE_NAME_SIZE])
{
	uint32_t name =
	        table_word(view->base, record + (uint32_t)offsetof(struct shunt_record, name));
	uint32_t count = table_word(view->base,
	                            record + (uint32_t)offsetof(struct shunt_record, name_count));
	uint32_t length;

	if (i >= SHUNT_TABLE_SIZE || i + 1 >= count)
		return false;
	for (; name_is_inside(view, name, &length); i--) {
		if (i == (uint32_t)-1) {
			name_copy(view, name, length, out);
			return true;
		}
		name += (uint32_t)sizeof(struct shunt_name) + ((length + 3) & ~3u);
	}
	return false;
}

bool table_alias(const void *base, const char *name, uint32_t length, uint32_t i,
                 char out[TABLE_NAME_SIZE])
{
	struct view view;
	uint32_t record;

	return view_open(&view, base) && find_record(&view, name, length, &record) == TABLE_FOUND &&
	       copy_alias(&view, record, i, out) && view_holds(&view);
}

static bool id_is(const struct view *view, uint32_t endpoint, const char *id, uint32_t length)
{
	char padded[SHUNT_ID_MAX + 1] = "";

	if (length > SHUNT_ID_MAX)
		return false;
	memcpy(padded, id, length);
	for (uint32_t i = 0; i < sizeof(padded); i += 4) {
		uint32_t word;

		memcpy(&word, padded + i, 4);
		if (table_word(view->base, endpoint + i) != word)
			return false;
	}
	return true;
}

/* The index of the endpoint; NOT_FORCED: there is none. Ids never change within a table. */
static uint32_t find_id(const struct view *view, uint32_t record, const char *id, uint32_t length)
{
#define RECORD(member)                                                                             \
	table_word(view->base, record + (uint32_t)offsetof(struct shunt_record, member))
	uint32_t count = RECORD(endpoint_count), endpoints = RECORD(endpoints);

	if (count > SHUNT_ENDPOINTS_MAX || !inside(view, endpoints, count * view->endpoint_size))
		return NOT_FORCED;
	for (uint32_t i = 0; i < count; i++)
		if (id_is(view, endpoints + i * view->endpoint_size, id, length))
			return i;
	return NOT_FORCED;
#undef RECORD
}

static enum table_result find_forced(const struct view *view, const char *name, uint32_t length,
                                     const struct table_force *force, struct table_answer *out)
{
	uint32_t record, other, index;
	enum table_result result = find_record(view, name, length, &record);

	if (result != TABLE_FOUND)
		return result;
	if (find_record(view, force->name, force->name_length, &other) != TABLE_FOUND ||
	    other != record)
		return TABLE_ABSENT;
	index = find_id(view, record, force->id, force->id_length);
	return index == NOT_FORCED ? TABLE_ABSENT : read_record(view, record, index, out);
}

enum table_result table_find_forced(const void *base, const char *name, uint32_t length,
                                    const struct table_force *force, struct table_answer *out)
{
	enum table_result result = TABLE_DAMAGED;
	struct view view;

	for (unsigned i = 0; i < TABLE_TRIES; i++) {
		result = TABLE_DAMAGED;
		if (view_open(&view, base))
			result = find_forced(&view, name, length, force, out);
		if (view_holds(&view))
			return result;
	}
	return result == TABLE_DAMAGED ? result : TABLE_BUSY;
}

bool table_check(const void *base)
{
	struct view view;

	return view_open(&view, base);
}
