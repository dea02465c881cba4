#include "core/table.h"

#include <string.h>

#include "core/hot.h"

#define TABLE_TRIES 64u /* complete searches; one is repeated if the table was replaced during it */
#define RECORD_TRIES 1000u /* about 20 us; a writer that is not preempted needs less than one */
/* In place of an endpoint's index: the record's own answer; the same, with its name if needed. */
#define OWN SHUNT_ENDPOINTS_MAX
#define OWN_NAMELESS (OWN + 1)
/* bytes of a struct in a later version; prevents 32-bit overflow of products */
#define STRUCT_MAX 4096u

/* The header, copied once for each search, so that all checks apply to all uses. */
struct view {
	const unsigned char *base;
	uint32_t id[2];
	struct shunt_table_header header; /* except its last words, which change */
};

/* Returns NULL if that is not within the table. */
static inline const void *part(const struct view *view, uint32_t offset, uint32_t size)
{
	return offset % 4 == 0 && offset >= sizeof(view->header) &&
	                       (uint64_t)offset + size <= view->header.used_size
	               ? view->base + offset
	               : NULL;
}

/* The sizes of a later release. */
static bool size_is_sane(uint32_t size, size_t known)
{
	return size % 4 == 0 && size >= known && size <= STRUCT_MAX;
}

static COLD bool sizes_are_sane(const struct shunt_table_header *header)
{
	return size_is_sane(header->header_size, sizeof(struct shunt_table_header)) &&
	       size_is_sane(header->record_size, SHUNT_RECORD_MIN) &&
	       size_is_sane(header->endpoint_size, sizeof(struct shunt_endpoint)) &&
	       size_is_sane(header->address_size, sizeof(struct shunt_address));
}

/* Usually the writer is of the same release, and its sizes are ours: one comparison. */
static inline bool sizes_are_ours(const struct shunt_table_header *header)
{
	static const uint32_t ours[] = { sizeof(struct shunt_table_header),
		                         sizeof(struct shunt_record), sizeof(struct shunt_endpoint),
		                         sizeof(struct shunt_address) };

	_Static_assert(offsetof(struct shunt_table_header, index_offset) -
	                               offsetof(struct shunt_table_header, header_size) ==
	                       sizeof(ours),
	               "the sizes are next to each other, in this order");
	return memcmp((const char *)header + offsetof(struct shunt_table_header, header_size), ours,
	              sizeof(ours)) == 0;
}

static inline bool view_is_sane(const struct view *view)
{
	const struct shunt_table_header *header = &view->header;
	uint32_t slots = header->index_slots;

	return header->magic == SHUNT_TABLE_MAGIC && header->version == SHUNT_TABLE_VERSION &&
	       (sizes_are_ours(header) || sizes_are_sane(header)) &&
	       header->used_size <= SHUNT_TABLE_SIZE && slots != 0 && (slots & (slots - 1)) == 0 &&
	       slots <= SHUNT_TABLE_SIZE / sizeof(struct shunt_slot) &&
	       part(view, header->index_offset, slots * (uint32_t)sizeof(struct shunt_slot));
}

/*
 * The fences: the id is read before the rest, and copied data is not read again after its checks.
 */
static inline bool view_open(struct view *view, const void *base)
{
	view->base = base;
	table_id(base, view->id);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	memcpy(&view->header, base, offsetof(struct shunt_table_header, heartbeat));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return view_is_sane(view);
}

/* Called after data was read, before it is used. */
static inline bool view_holds(const struct view *view)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return table_same(view->base, view->id);
}

static uint32_t name_size(uint32_t length)
{
	return (uint32_t)sizeof(struct shunt_name) + ((length + 3) & ~3u);
}

/* Returns NULL if there is no complete name. */
static inline const struct shunt_name *name_at(const struct view *view, uint32_t offset,
                                               uint32_t *length)
{
	const struct shunt_name *name = part(view, offset, sizeof(*name));

	if (!name)
		return NULL;
	*length = TABLE_LOAD(name->length);
	return *length - 1 < SHUNT_NAME_MAX &&
	                       (uint64_t)offset + name_size(*length) <= view->header.used_size
	               ? name
	               : NULL;
}

/*
 * `out` has room for SHUNT_NAME_MAX, padded, and the terminator. Copies words: for a memcpy() of so
 * few bytes gcc generates `rep movs`, which alone takes as long as the rest of the search.
 */
static void name_copy(const struct shunt_name *name, uint32_t length, char out[TABLE_NAME_SIZE])
{
	const uint32_t *words = (const uint32_t *)(name + 1);

	for (uint32_t i = 0; i < length; i += 4) {
		uint32_t word = TABLE_LOAD(words[i / 4]);

		memcpy(out + i, &word, 4);
	}
	out[length] = '\0';
}

static inline uint64_t eight(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* memcmp() == 0, for few bytes: without a call, which takes longer than the comparison. */
static inline bool same_bytes(const char *one, const char *other, uint32_t length)
{
	uint32_t i;

	if (length < 8)
		return memcmp(one, other, length) == 0;
	for (i = 0; i + 8 < length; i += 8)
		if (eight(one + i) != eight(other + i))
			return false;
	return eight(one + length - 8) == eight(other + length - 8);
}

static COLD bool name_is_without_case(const uint32_t *words, const char *name, uint32_t length)
{
	for (uint32_t i = 0; i < length; i += 4)
		if (shunt_lower_word(TABLE_LOAD(words[i / 4])) !=
		    shunt_lower_word(shunt_name_word(name, length, i)))
			return false;
	return true;
}

/* Most names are looked up as they are spelled, so that is compared first. */
static inline bool name_is(const struct shunt_name *stored, const char *name, uint32_t length)
{
	return same_bytes((const char *)(stored + 1), name, length) ||
	       name_is_without_case((const uint32_t *)(stored + 1), name, length);
}

static inline enum table_result find_by_hash(const struct view *view, uint32_t hash,
                                             const char *name, uint32_t length,
                                             const struct shunt_record **record)
{
	uint32_t mask = view->header.index_slots - 1;
	const struct shunt_slot *slots =
	        (const struct shunt_slot *)(view->base + view->header.index_offset);

	for (uint32_t i = 0; i < SHUNT_PROBES_MAX && i <= mask; i++) {
		const struct shunt_slot *slot = &slots[(hash + i) & mask];
		uint32_t place = TABLE_LOAD(slot->name), found;
		const struct shunt_name *stored;

		if (place == 0)
			return TABLE_ABSENT;
		if (TABLE_LOAD(slot->hash) != hash)
			continue;
		stored = name_at(view, place, &found);
		if (!stored)
			return TABLE_DAMAGED;
		if (found != length || !name_is(stored, name, length))
			continue;
		*record = part(view, TABLE_LOAD(stored->record), view->header.record_size);
		return *record ? TABLE_FOUND : TABLE_BUSY;
	}
	return TABLE_ABSENT;
}

static enum table_result find_record(const struct view *view, const char *name, uint32_t length,
                                     const struct shunt_record **record)
{
	uint32_t hash = shunt_name_hash(view->header.hash_seed, name, length);

	return find_by_hash(view, hash, name, length, record);
}

/* The first of the record's endpoints; NULL if they are invalid. */
static const struct shunt_endpoint *endpoints_of(const struct view *view,
                                                 const struct shunt_record *record, uint32_t *count)
{
	*count = TABLE_LOAD(record->endpoint_count);
	return *count <= SHUNT_ENDPOINTS_MAX ? part(view, TABLE_LOAD(record->endpoints),
	                                            *count * view->header.endpoint_size)
	                                     : NULL;
}

static const struct shunt_endpoint *endpoint_at(const struct view *view,
                                                const struct shunt_endpoint *first, uint32_t i)
{
	return (const void *)((const char *)first + i * view->header.endpoint_size);
}

/* Returns false if the family is invalid. */
static bool copy_address(const struct shunt_address *address, struct shunt_address *out)
{
	uint32_t family = TABLE_LOAD(address->family);

	*out = (struct shunt_address){
		.family = family,
		.flags = TABLE_LOAD(address->flags),
		.scope_id = TABLE_LOAD(address->scope_id),
		.word = { TABLE_LOAD(address->word[0]), TABLE_LOAD(address->word[1]),
		          TABLE_LOAD(address->word[2]), TABLE_LOAD(address->word[3]) },
	};
	return family == SHUNT_FAMILY_IPV4 || family == SHUNT_FAMILY_IPV6;
}

/*
 * Where the endpoint's addresses are. Returns false if they are invalid; `*first` is NULL if there
 * are none.
 */
static bool addresses_of(const struct view *view, const struct shunt_endpoint *endpoint,
                         const char **first, uint32_t *count)
{
	uint32_t room = TABLE_LOAD(endpoint->address_room);

	*count = TABLE_LOAD(endpoint->address_count);
	*first = NULL;
	if (room > SHUNT_ADDRESSES_MAX || *count > room)
		return false;
	if (*count == 0)
		return true;
	*first = part(view, TABLE_LOAD(endpoint->addresses), room * view->header.address_size);
	return *first != NULL;
}

static bool copy_addresses(const struct view *view, const struct shunt_endpoint *endpoint,
                           struct table_answer *out)
{
	const char *address;
	uint32_t count;

	if (!addresses_of(view, endpoint, &address, &count))
		return false;
	out->count = count;
	for (uint32_t i = 0; i < count; i++, address += view->header.address_size)
		if (!copy_address((const void *)address, &out->addresses[i]))
			return false;
	return true;
}

/* Off for a daemon that is too old, and for what a newer one may have added. */
static inline uint32_t connect_of(const struct view *view, const struct shunt_record *record)
{
	uint32_t connect = view->header.record_size >= sizeof(*record) ? TABLE_LOAD(record->connect)
	                                                               : SHUNT_CONNECT_OFF;

	return connect <= SHUNT_CONNECT_REDIRECT ? connect : SHUNT_CONNECT_OFF;
}

/*
 * Copies what is wanted of a record to `out`. Returns false if the record is invalid: damaged, or
 * partly written. What `what` and `out` are is the copier's own.
 */
typedef bool copier(const struct view *view, const struct shunt_record *record, uint32_t what,
                    void *out);

static inline bool copy_name(const struct view *view, const struct shunt_record *record,
                             char out[TABLE_NAME_SIZE])
{
	uint32_t length;
	const struct shunt_name *name = name_at(view, TABLE_LOAD(record->name), &length);

	if (name)
		name_copy(name, length, out);
	return name != NULL;
}

/* `which`: the index of the endpoint, OWN or OWN_NAMELESS; `out`: a struct table_answer. */
static inline bool copy_answer(const struct view *view, const struct shunt_record *record,
                               uint32_t which, void *out)
{
	uint32_t answer = which < OWN ? which : TABLE_LOAD(record->answer), count;
	const struct shunt_endpoint *first;
	struct table_answer *to = out;

	to->answer = answer;
	to->count = 0;
	to->connect = connect_of(view, record);
	to->name[0] = '\0';
	if ((which != OWN_NAMELESS || to->connect != SHUNT_CONNECT_OFF) &&
	    !copy_name(view, record, to->name))
		return false;
	if (answer == SHUNT_ANSWER_DNS || answer == SHUNT_ANSWER_FAIL)
		return true;
	first = endpoints_of(view, record, &count);
	return first && answer < count &&
	       copy_addresses(view, endpoint_at(view, first, answer), to);
}

static inline enum table_result read_record(const struct view *view,
                                            const struct shunt_record *record, copier *copy,
                                            uint32_t what, void *out)
{
	for (unsigned i = 0; i < RECORD_TRIES; i++) {
		uint32_t sequence = __atomic_load_n(&record->sequence, __ATOMIC_ACQUIRE);
		bool good;

		if (sequence % 2 == 0) {
			good = copy(view, record, what, out);
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			if (TABLE_LOAD(record->sequence) == sequence)
				return good ? TABLE_FOUND : TABLE_BUSY;
		}
		if (!table_same(view->base, view->id))
			break;
	}
	return TABLE_BUSY;
}

/* --- the route -------------------------------------------------------------------------------- */

/*
 * Adds the addresses of an endpoint that are of this family. Returns false if one is invalid.
 * `marked`: set if one of the endpoint's addresses, of any family, has SHUNT_ADDRESS_ANSWER.
 */
static bool add_to_route(const struct view *view, const struct shunt_endpoint *endpoint,
                         uint32_t family, struct table_route *out, bool *marked)
{
	const char *address;
	uint32_t count;

	if (!addresses_of(view, endpoint, &address, &count))
		return false;
	for (uint32_t i = 0; i < count && out->count < TABLE_ROUTE_MAX; i++) {
		struct shunt_address *next = &out->addresses[out->count];

		if (!copy_address((const void *)address, next))
			return false;
		*marked |= next->flags & SHUNT_ADDRESS_ANSWER;
		out->count += next->family == family;
		address += view->header.address_size;
	}
	return true;
}

/* As for a lookup: if the daemon marked none of the answering endpoint's, all of them answer. */
static bool add_answering(const struct view *view, const struct shunt_endpoint *endpoint,
                          uint32_t family, struct table_route *out)
{
	bool marked = false;

	if (!add_to_route(view, endpoint, family, out, &marked))
		return false;
	for (uint32_t i = 0; i < out->count && !marked; i++)
		out->addresses[i].flags |= SHUNT_ADDRESS_ANSWER;
	return true;
}

static bool add_other(const struct view *view, const struct shunt_endpoint *endpoint,
                      uint32_t family, struct table_route *out)
{
	uint32_t first = out->count;
	bool marked = false;

	if (!add_to_route(view, endpoint, family, out, &marked))
		return false;
	for (uint32_t i = first; i < out->count; i++)
		out->addresses[i].flags &= ~SHUNT_ADDRESS_ANSWER;
	return true;
}

/* `family`: SHUNT_FAMILY_; `out`: a struct table_route. */
static bool copy_route(const struct view *view, const struct shunt_record *record, uint32_t family,
                       void *out)
{
	uint32_t answer = TABLE_LOAD(record->answer), count;
	const struct shunt_endpoint *first;
	struct table_route *to = out;

	to->connect = connect_of(view, record);
	to->count = 0;
	if (to->connect == SHUNT_CONNECT_OFF || answer == SHUNT_ANSWER_DNS ||
	    answer == SHUNT_ANSWER_FAIL)
		return true;
	first = endpoints_of(view, record, &count);
	if (!first || answer >= count ||
	    !add_answering(view, endpoint_at(view, first, answer), family, to))
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (i != answer && !add_other(view, endpoint_at(view, first, i), family, to))
			return false;
	return true;
}

enum table_result table_route(const void *base, const char *name, uint32_t length, uint32_t family,
                              struct table_route *out)
{
	for (unsigned i = 0; i < TABLE_TRIES; i++) {
		enum table_result result = TABLE_DAMAGED;
		const struct shunt_record *record;
		struct view view;

		if (view_open(&view, base))
			result = find_record(&view, name, length, &record);
		if (result == TABLE_FOUND)
			result = read_record(&view, record, copy_route, family, out);
		if (view_holds(&view))
			return result;
	}
	return TABLE_BUSY;
}

/* --- the record's own answer, and one that is forced ------------------------------------------- */

static bool id_is(const struct shunt_endpoint *endpoint, const char *id, uint32_t length)
{
	const uint32_t *words = (const uint32_t *)endpoint->id;
	char padded[SHUNT_ID_MAX + 1] = "";

	if (length > SHUNT_ID_MAX)
		return false;
	memcpy(padded, id, length);
	for (uint32_t i = 0; i < sizeof(padded); i += 4) {
		uint32_t word;

		memcpy(&word, padded + i, 4);
		if (TABLE_LOAD(words[i / 4]) != word)
			return false;
	}
	return true;
}

/*
 * The index of the endpoint that answers by SHUNT_FORCE; OWN: none of this record's. Ids
 * never change within a table.
 */
static uint32_t find_forced(const struct view *view, const struct shunt_record *record,
                            const struct table_force *force)
{
	const struct shunt_record *other;
	const struct shunt_endpoint *first;
	uint32_t count;

	if (find_record(view, force->name, force->name_length, &other) != TABLE_FOUND ||
	    other != record)
		return OWN;
	first = endpoints_of(view, record, &count);
	for (uint32_t i = 0; first && i < count; i++)
		if (id_is(endpoint_at(view, first, i), force->id, force->id_length))
			return i;
	return OWN;
}

/* `force`: NULL for the record's own answer, `own`: OWN or OWN_NAMELESS. */
static inline enum table_result search(const struct view *view, const char *name, uint32_t length,
                                       const struct table_force *force, uint32_t own,
                                       struct table_answer *out)
{
	const struct shunt_record *record;
	enum table_result result = find_record(view, name, length, &record);

	if (result != TABLE_FOUND)
		return result;
	if (force) {
		own = find_forced(view, record, force);
		if (own == OWN)
			return TABLE_ABSENT;
	}
	return read_record(view, record, copy_answer, own, out);
}

static inline enum table_result find(const void *base, const char *name, uint32_t length,
                                     const struct table_force *force, uint32_t own,
                                     struct table_answer *out)
{
	enum table_result result = TABLE_DAMAGED;
	struct view view;

	for (unsigned i = 0; i < TABLE_TRIES; i++) {
		result = view_open(&view, base) ? search(&view, name, length, force, own, out)
		                                : TABLE_DAMAGED;
		if (view_holds(&view))
			return result;
	}
	return result == TABLE_DAMAGED ? result : TABLE_BUSY;
}

enum table_result table_find(const void *base, const char *name, uint32_t length, bool named,
                             struct table_answer *out)
{
	return find(base, name, length, NULL, named ? OWN : OWN_NAMELESS, out);
}

enum table_result table_find_forced(const void *base, const char *name, uint32_t length,
                                    const struct table_force *force, struct table_answer *out)
{
	return find(base, name, length, force, OWN, out);
}

/* Names never change within a table, so one read is enough. */
static bool copy_alias(const struct view *view, const struct shunt_record *record, uint32_t i,
                       char out[TABLE_NAME_SIZE])
{
	uint32_t place = TABLE_LOAD(record->name), count = TABLE_LOAD(record->name_count), length;
	const struct shunt_name *name;

	if (i >= SHUNT_TABLE_SIZE || i + 1 >= count)
		return false;
	for (; (name = name_at(view, place, &length)); i--) {
		if (i == (uint32_t)-1) {
			name_copy(name, length, out);
			return true;
		}
		place += name_size(length);
	}
	return false;
}

bool table_alias(const void *base, const char *name, uint32_t length, uint32_t i,
                 char out[TABLE_NAME_SIZE])
{
	const struct shunt_record *record;
	struct view view;

	return view_open(&view, base) && find_record(&view, name, length, &record) == TABLE_FOUND &&
	       copy_alias(&view, record, i, out) && view_holds(&view);
}

bool table_unicode(const void *base, const char *name, uint32_t length, char out[TABLE_NAME_SIZE])
{
	const struct shunt_record *record;
	struct view view;
	uint32_t hash;

	if (!view_open(&view, base))
		return false;
	hash = shunt_name_hash(view.header.hash_seed ^ SHUNT_UNICODE_SEED, name, length);
	return find_by_hash(&view, hash, name, length, &record) == TABLE_FOUND &&
	       copy_name(&view, record, out) && view_holds(&view);
}

bool table_check(const void *base)
{
	struct view view;

	return view_open(&view, base);
}
