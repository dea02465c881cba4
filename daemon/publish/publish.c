#include "publish/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "policy/election.h"
#include "publish/layout.h"

#include "shunt/table.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

_Static_assert((uint32_t)ELECTION_DNS == SHUNT_ANSWER_DNS, "answers are stored as they are");
_Static_assert((uint32_t)ELECTION_FAIL == SHUNT_ANSWER_FAIL, "answers are stored as they are");

struct publish {
	int fd;
	unsigned char *base;
	size_t record_count;
	uint32_t records[]; /* offsets, in the order of the configuration */
};

size_t publish_size(const struct config *config)
{
	struct layout layout;

	layout_make(&layout, config);
	layout_free(&layout);
	return layout.size;
}

/* --- filling, before clients can read --------------------------------------------------------- */

static void *at(const struct publish *publish, size_t offset)
{
	return publish->base + offset;
}

static void fill_header(struct publish *publish, const struct layout *layout,
                        const struct config *config, const uint32_t id[2])
{
	struct shunt_table_header *header = at(publish, 0);

	*header = (struct shunt_table_header){
		.magic = SHUNT_TABLE_MAGIC,
		.version = SHUNT_TABLE_VERSION,
		.id = { id[0], id[1] },
		.header_size = sizeof(struct shunt_table_header),
		.record_size = sizeof(struct shunt_record),
		.endpoint_size = sizeof(struct shunt_endpoint),
		.address_size = sizeof(struct shunt_address),
		.index_offset = sizeof(struct shunt_table_header),
		.index_slots = (uint32_t)layout->slots,
		.hash_seed = layout->seed,
		.record_count = (uint32_t)config->record_count,
		.used_size = (uint32_t)layout->size,
		.stale_limit_ms = config->stale_limit,
		.heartbeat = 1,
	};
}

static void fill_names(struct publish *publish, const struct layout *layout, size_t shift)
{
	struct shunt_slot *slots = at(publish, sizeof(struct shunt_table_header));

	for (size_t i = 0; i < layout->slots; i++) {
		const struct layout_entry *entry;
		struct shunt_name *name;

		if (!layout->index[i])
			continue;
		entry = &layout->entries[layout->index[i] - 1];
		slots[i].hash = layout_hash(layout, entry);
		slots[i].name = (uint32_t)(entry->name + shift);
		name = at(publish, slots[i].name);
		name->record = (uint32_t)(entry->record + shift);
		name->length = entry->length;
		memcpy(name + 1, entry->text, entry->length);
	}
}

static void fill_record(struct publish *publish, uint32_t offset,
                        const struct record_config *config)
{
	struct shunt_record *record = at(publish, offset);
	struct shunt_endpoint *endpoint = (struct shunt_endpoint *)(record + 1);
	size_t addresses = offset + sizeof(*record) + config->endpoint_count * sizeof(*endpoint);

	record->answer = SHUNT_ANSWER_FAIL;
	record->name = (uint32_t)(offset + layout_record_size(config)); /* its names follow */
	record->endpoint_count = (uint32_t)config->endpoint_count;
	record->endpoints = (uint32_t)(offset + sizeof(*record));
	record->name_count = (uint32_t)(1 + config->alias_count);
	record->connect = config->connect;
	for (size_t i = 0; i < config->endpoint_count; i++, endpoint++) {
		strncpy(endpoint->id, config->endpoints[i].id, sizeof(endpoint->id) - 1);
		endpoint->address_room = layout_address_room(&config->endpoints[i]);
		endpoint->addresses = (uint32_t)addresses;
		addresses += endpoint->address_room * sizeof(struct shunt_address);
	}
}

static void fill(struct publish *publish, const struct layout *layout, const struct config *config,
                 const uint32_t id[2])
{
	size_t shift =
	        sizeof(struct shunt_table_header) + layout->slots * sizeof(struct shunt_slot);
	size_t next = 0;

	fill_header(publish, layout, config, id);
	fill_names(publish, layout, shift);
	for (size_t i = 0; i < config->record_count; i++) {
		publish->records[i] = (uint32_t)(layout->entries[next].record + shift);
		fill_record(publish, publish->records[i], &config->records[i]);
		next += 1 + config->records[i].alias_count;
		while (next < layout->entry_count && layout->entries[next].unicode)
			next++;
	}
}

/* --- memory ----------------------------------------------------------------------------------- */

static int memory_open(void)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("shunt", flags | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create("shunt", flags) : fd;
}

static bool memory_map(struct publish *publish)
{
	void *base;

	publish->fd = memory_open();
	if (publish->fd < 0 || ftruncate(publish->fd, SHUNT_TABLE_SIZE) != 0)
		return false;
	base = mmap(NULL, SHUNT_TABLE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, publish->fd, 0);
	if (base == MAP_FAILED)
		return false;
	publish->base = base;
	return true;
}

struct publish *publish_new(const struct config *config)
{
	struct publish *publish = memory_calloc(
	        1, sizeof(*publish) + config->record_count * sizeof(publish->records[0]));
	struct layout layout;
	uint32_t id[2];

	publish->fd = -1;
	publish->record_count = config->record_count;
	if (getrandom(id, sizeof(id), 0) != sizeof(id) || !memory_map(publish))
		goto failed;
	layout_make(&layout, config);
	fill(publish, &layout, config, id);
	layout_free(&layout);
	if (fcntl(publish->fd, F_ADD_SEALS, SHUNT_TABLE_SEALS) != 0)
		goto failed;
	return publish;
failed:
	publish_free(publish);
	return NULL;
}

void publish_free(struct publish *publish)
{
	int saved = errno;

	if (!publish)
		return;
	if (publish->base)
		munmap(publish->base, SHUNT_TABLE_SIZE);
	if (publish->fd >= 0)
		close(publish->fd);
	free(publish);
	errno = saved;
}

int publish_fd(const struct publish *publish)
{
	return publish->fd;
}

/* --- writing, while clients read -------------------------------------------------------------- */

/* Returns true if the value changed or, without `write`, would change. */
static bool set(uint32_t *word, uint32_t value, bool write)
{
	if (__atomic_load_n(word, __ATOMIC_RELAXED) == value)
		return false;
	if (write)
		__atomic_store_n(word, value, __ATOMIC_RELAXED);
	return true;
}

static bool set_address(struct shunt_address *place, const struct address *address, uint32_t flags,
                        bool write)
{
	struct shunt_address value = { .family = address->family,
		                       .flags = flags,
		                       .scope_id = address->scope_id };
	bool changed = false;
	uint32_t words[sizeof(value) / 4];

	memcpy(value.word, address->byte, sizeof(value.word));
	memcpy(words, &value, sizeof(value));
	for (size_t i = 0; i < sizeof(value) / 4; i++)
		changed |= set((uint32_t *)place + i, words[i], write);
	return changed;
}

static bool set_endpoint(struct publish *publish, struct shunt_endpoint *place,
                         const struct publish_endpoint *endpoint, bool write)
{
	struct shunt_address *addresses = at(publish, place->addresses);
	uint32_t count = endpoint->count < place->address_room ? (uint32_t)endpoint->count
	                                                       : place->address_room;
	bool changed = set(&place->address_count, count, write);

	for (uint32_t i = 0; i < count; i++)
		changed |= set_address(&addresses[i], &endpoint->addresses[i], endpoint->flags[i],
		                       write);
	return changed;
}

static bool set_record(struct publish *publish, struct shunt_record *record, int answer,
                       const struct publish_endpoint *endpoints, size_t count, bool write)
{
	struct shunt_endpoint *places = at(publish, record->endpoints);
	bool changed = set(&record->answer, (uint32_t)answer, write);

	for (size_t i = 0; i < count && i < record->endpoint_count; i++)
		changed |= set_endpoint(publish, &places[i], &endpoints[i], write);
	return changed;
}

void publish_record(struct publish *publish, size_t index, int answer,
                    const struct publish_endpoint *endpoints, size_t count)
{
	struct shunt_record *record;
	uint32_t sequence;

	if (index >= publish->record_count)
		log_fatal("record %zu of %zu is published", index, publish->record_count);
	record = at(publish, publish->records[index]);
	/* Checks first whether anything changes, because a write makes readers retry. */
	if (!set_record(publish, record, answer, endpoints, count, false))
		return;
	sequence = __atomic_load_n(&record->sequence, __ATOMIC_RELAXED);
	__atomic_store_n(&record->sequence, sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	set_record(publish, record, answer, endpoints, count, true);
	__atomic_store_n(&record->sequence, sequence + 2, __ATOMIC_RELEASE);
}

/* --- reading, by the writer itself ------------------------------------------------------------ */

static void read_endpoint(const struct publish *publish, const struct shunt_endpoint *place,
                          struct publish_endpoint *out)
{
	const struct shunt_address *addresses = at(publish, place->addresses);

	out->count = place->address_count;
	for (size_t i = 0; i < out->count; i++) {
		out->flags[i] = addresses[i].flags;
		out->addresses[i] = (struct address){ .family = addresses[i].family,
			                              .scope_id = addresses[i].scope_id };
		memcpy(out->addresses[i].byte, addresses[i].word, sizeof(out->addresses[i].byte));
	}
}

int publish_read(const struct publish *publish, size_t index, struct publish_endpoint *endpoints,
                 size_t *count)
{
	const struct shunt_record *record = at(publish, publish->records[index]);
	const struct shunt_endpoint *places = at(publish, record->endpoints);

	*count = record->endpoint_count;
	for (size_t i = 0; i < *count; i++)
		read_endpoint(publish, &places[i], &endpoints[i]);
	return (int)record->answer;
}

/* --- the header ------------------------------------------------------------------------------- */

static struct shunt_table_header *header_of(struct publish *publish)
{
	return at(publish, 0);
}

void publish_heartbeat(struct publish *publish)
{
	__atomic_fetch_add(&header_of(publish)->heartbeat, 1, __ATOMIC_RELAXED);
}

void publish_settle(struct publish *publish)
{
	__atomic_fetch_or(&header_of(publish)->state, SHUNT_STATE_SETTLED, __ATOMIC_RELEASE);
}

void publish_supersede(struct publish *publish)
{
	__atomic_fetch_or(&header_of(publish)->state, SHUNT_STATE_SUPERSEDED, __ATOMIC_RELEASE);
}
