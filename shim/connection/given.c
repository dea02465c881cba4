#include "connection/given.h"

#include <string.h>

#include "connection/destination.h"
#include "core/tick.h"

#define WINDOW 16u    /* places that are examined for one name or address */
#define READ_TRIES 8u /* of an address that is being replaced meanwhile */
#define NO_NAME UINT32_MAX

enum { EMPTY, WRITING, READY };

/* Once READY it never changes. One that a fork left in WRITING stays so in the child. */
struct name {
	atomic_uint state;
	uint32_t length;
	char text[TABLE_NAME_SIZE];
};

/*
 * Sequence and words as in a record of the daemon's table. The times are changed without the
 * sequence: each is valid alone.
 */
struct slot {
	_Atomic uint32_t sequence; /* odd while the address is being written */
	_Atomic uint32_t family;   /* SHUNT_FAMILY_; 0: empty */
	_Atomic uint32_t scope_id;
	_Atomic uint32_t word[4];
	_Atomic uint32_t name;        /* index of its name */
	_Atomic uint32_t given_tick;  /* when it was given last */
	_Atomic uint32_t failed_tick; /* when it last failed here; 0: never */
};

static struct name names[GIVEN_NAMES];
static struct slot slots[GIVEN_ADDRESSES];
HOT atomic_bool given_some;

#define LOAD(word) atomic_load_explicit(&(word), memory_order_relaxed)
#define STORE(word, value) atomic_store_explicit(&(word), value, memory_order_relaxed)

/* --- names ------------------------------------------------------------------------------------ */

static bool name_is(const struct name *name, const char *text, uint32_t length)
{
	return name->length == length && memcmp(name->text, text, length) == 0;
}

static bool name_write(struct name *name, const char *text, uint32_t length)
{
	unsigned empty = EMPTY;

	if (!atomic_compare_exchange_strong(&name->state, &empty, WRITING))
		return false;
	name->length = length;
	memcpy(name->text, text, length);
	atomic_store_explicit(&name->state, READY, memory_order_release);
	return true;
}

/* The index of the name, which is added if there is room; else NO_NAME. */
static uint32_t name_index(const char *text, uint32_t length)
{
	uint32_t hash = shunt_name_hash(0, text, length);

	for (uint32_t i = 0; i < WINDOW; i++) {
		uint32_t at = (hash + i) % GIVEN_NAMES;
		struct name *name = &names[at];
		unsigned state = atomic_load_explicit(&name->state, memory_order_acquire);

		if (state == READY ? name_is(name, text, length)
		                   : state == EMPTY && name_write(name, text, length))
			return at;
	}
	return NO_NAME;
}

/* --- addresses -------------------------------------------------------------------------------- */

static uint32_t home(const struct shunt_address *address)
{
	uint32_t hash = address->family;

	for (uint32_t i = 0; i < (address->family == SHUNT_FAMILY_IPV4 ? 1u : 4u); i++)
		hash = (hash ^ address->word[i]) * 0x9e3779b1u;
	return hash ^ hash >> 16;
}

static struct slot *slot_at(uint32_t hash, uint32_t i)
{
	return &slots[(hash + i) % GIVEN_ADDRESSES];
}

/* Returns false while it is being written. `name` belongs to the address that is returned. */
static bool slot_read(struct slot *slot, struct shunt_address *out, uint32_t *name)
{
	for (unsigned i = 0; i < READ_TRIES; i++) {
		uint32_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);

		*out = (struct shunt_address){ .family = LOAD(slot->family),
			                       .scope_id = LOAD(slot->scope_id),
			                       .word = { LOAD(slot->word[0]), LOAD(slot->word[1]),
			                                 LOAD(slot->word[2]),
			                                 LOAD(slot->word[3]) } };
		*name = LOAD(slot->name);
		atomic_thread_fence(memory_order_acquire);
		if (sequence % 2 == 0 && LOAD(slot->sequence) == sequence)
			return true;
	}
	return false;
}

/*
 * NULL if it is not there. By the time that the caller uses the slot it may be another address's,
 * which does for its times but not for its name: an address would be taken for another record's.
 */
static struct slot *find(const struct shunt_address *address, uint32_t *name)
{
	uint32_t hash = home(address);

	for (uint32_t i = 0; i < WINDOW; i++) {
		struct slot *slot = slot_at(hash, i);
		struct shunt_address found;

		if (!slot_read(slot, &found, name))
			continue;
		if (found.family == 0)
			return NULL;
		if (destination_is(&found, address))
			return slot;
	}
	return NULL;
}

/* Returns false if another thread, or the code that this one interrupts, is writing there. */
static bool slot_write(struct slot *slot, const struct shunt_address *address, uint32_t name,
                       uint32_t given_tick)
{
	uint32_t sequence = LOAD(slot->sequence);

	if (sequence % 2 ||
	    !atomic_compare_exchange_strong(&slot->sequence, &sequence, sequence + 1))
		return false;
	atomic_thread_fence(memory_order_release);
	STORE(slot->family, address->family);
	STORE(slot->scope_id, address->scope_id);
	for (unsigned i = 0; i < 4; i++)
		STORE(slot->word[i], address->word[i]);
	STORE(slot->name, name);
	STORE(slot->given_tick, given_tick);
	STORE(slot->failed_tick, 0);
	atomic_store_explicit(&slot->sequence, sequence + 2, memory_order_release);
	return true;
}

/* An empty one, else the one whose address was given longest ago. */
static struct slot *victim(const struct shunt_address *address, uint32_t now)
{
	uint32_t hash = home(address);
	struct slot *oldest = slot_at(hash, 0);

	for (uint32_t i = 0; i < WINDOW; i++) {
		struct slot *slot = slot_at(hash, i);

		if (LOAD(slot->sequence) % 2)
			continue;
		if (LOAD(slot->family) == 0)
			return slot;
		if (tick_since(LOAD(slot->given_tick), now) >
		    tick_since(LOAD(oldest->given_tick), now))
			oldest = slot;
	}
	return oldest;
}

static void add(const struct shunt_address *address, uint32_t name, uint32_t now)
{
	uint32_t known;
	struct slot *slot = find(address, &known);

	if (!slot || known != name)
		slot_write(slot ? slot : victim(address, now), address, name, now);
	else if (LOAD(slot->given_tick) != now)
		STORE(slot->given_tick, now);
}

COLD static void add_all(const struct table_answer *answer)
{
	uint32_t name = name_index(answer->name, (uint32_t)strlen(answer->name));
	uint32_t now = tick_now();

	if (name == NO_NAME)
		return;
	for (uint32_t i = 0; i < answer->count; i++) {
		struct shunt_address plain = destination_plain(&answer->addresses[i]);

		add(&plain, name, now);
	}
	if (!given_any())
		STORE(given_some, true);
}

/*
 * The addresses are, from now on, those of a name whose connections are left alone. They keep their
 * time: most lookups of such names find none of them, and should not pay for the clock.
 */
COLD static void disown_all(const struct table_answer *answer)
{
	uint32_t name;

	for (uint32_t i = 0; i < answer->count; i++) {
		struct shunt_address plain = destination_plain(&answer->addresses[i]);
		struct slot *slot = find(&plain, &name);

		if (slot && name != NO_NAME)
			slot_write(slot, &plain, NO_NAME, LOAD(slot->given_tick));
	}
}

void given_add(const struct table_answer *answer)
{
	if (answer->connect != SHUNT_CONNECT_OFF && !answer->forced)
		add_all(answer);
	else if (given_any())
		disown_all(answer);
}

bool given_find(const struct shunt_address *address, struct given *out)
{
	uint32_t name;

	if (!find(address, &name) || name >= GIVEN_NAMES ||
	    atomic_load_explicit(&names[name].state, memory_order_acquire) != READY)
		return false;
	*out = (struct given){ .name = names[name].text, .length = names[name].length };
	return true;
}

void given_fail(const struct shunt_address *address, uint32_t now)
{
	uint32_t name;
	struct slot *slot = find(address, &name);

	if (slot)
		STORE(slot->failed_tick, tick_nonzero(now));
}

bool given_in_doubt(const struct shunt_address *address, uint32_t now)
{
	uint32_t name;
	struct slot *slot = find(address, &name);
	uint32_t failed = slot ? LOAD(slot->failed_tick) : 0;

	return failed && tick_since(failed, now) <= TICKS_OF_MS(GIVEN_DOUBT_MS);
}
