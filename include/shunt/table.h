/*
 * The shared table: written by shuntd, read by every attached process.
 *
 * This header is its specification, a contract between two programs that may differ in age and in
 * word size. It therefore has only fixed-width types, explicit padding and static asserts.
 *
 * The memory
 *   A memfd of exactly SHUNT_TABLE_SIZE bytes, sparse, sealed with SHRINK, GROW, FUTURE_WRITE and
 *   SEAL. shuntd has the only writable mapping. All values are 32-bit words in the host's byte
 *   order.
 *   Every offset is in bytes from the start of the table and a multiple of 4; the offset of
 *   something that exists is never 0.
 *
 *     header | index (slots) | for each record: record, endpoints, addresses, names
 *
 *   The header has the place of the index and the sizes of header, record, endpoint and address.
 *   A struct only ever grows, at its end, and then the version stays the same: a reader walks arrays
 *   by the sizes in the header (never smaller than those of the first release), takes a word that a
 *   shorter struct does not have for 0, and ignores what it does not know.
 *
 * Who writes what
 *   Written once, before the first client sees the table: everything except these words.
 *   header.heartbeat    incremented every SHUNT_HEARTBEAT_MS
 *   header.state        bits are set once, and never cleared
 *   record.sequence     odd while the record is being written
 *   record.answer, endpoint.address_count, the addresses: under their record's sequence
 *   (of an address's flags only SHUNT_ADDRESS_ANSWER, where record.connect is SHUNT_CONNECT_OFF)
 *   The set of names never changes. A reload creates a new table, with another id, and sets
 *   SHUNT_STATE_SUPERSEDED in the old one, which is still kept up to date for SHUNT_SUPERSEDED_MS.
 *
 * Writing a record (one writer)
 *     store(sequence, odd, relaxed); fence(release); store(words, relaxed);
 *     store(sequence, even, release)
 * Reading a record
 *     s = load(sequence, acquire); copy = load(words, relaxed); fence(acquire);
 *     valid if s was even, sequence is still s, and header.id is still the id that was read before.
 *   Every word that may change is read and written as a relaxed 32-bit atomic.
 *
 * A reader trusts nothing: magic, version and sizes are checked before use, every offset and count
 * is checked against the table's bounds, every loop is bounded by a constant of this file.
 */
#ifndef SHUNT_TABLE_H
#define SHUNT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define SHUNT_TABLE_MAGIC 0x544e4853u /* "SHNT" read as a little-endian word */
#define SHUNT_TABLE_VERSION 1u
#define SHUNT_TABLE_VERSION_MIN 1u   /* the oldest version that shuntd still serves */
#define SHUNT_TABLE_SIZE (64u << 20) /* bytes, always; sparse, so unused pages cost nothing */
#define SHUNT_TABLE_SEALS 0x17u      /* F_SEAL_SEAL | SHRINK | GROW | FUTURE_WRITE */

#define SHUNT_HEARTBEAT_MS 500u       /* interval of the heartbeat */
#define SHUNT_HEARTBEAT_GONE_MS 2000u /* without a heartbeat for this long, the daemon is gone */
#define SHUNT_SUPERSEDED_MS 5000u     /* how long a superseded table still gets answers */

#define SHUNT_NAME_MAX 253u     /* characters of a host name (RFC 1035 2.3.4) */
#define SHUNT_ID_MAX 63u        /* characters of an endpoint's id */
#define SHUNT_ENDPOINTS_MAX 8u  /* in one record */
#define SHUNT_ADDRESSES_MAX 16u /* in one endpoint */
#define SHUNT_PROBES_MAX 16u    /* maximum number of slots that a reader examines for one name */

/*
 * The Unicode form of a name with an xn-- label, in UTF-8 and lower case, is another struct
 * shunt_name of its record, after those that record.name_count counts. The hash of its slot has a
 * different seed, header.hash_seed ^ SHUNT_UNICODE_SEED, so that it is found only by lookups that
 * ask for such names (AI_IDN); for all others libc compares bytes.
 */
#define SHUNT_UNICODE_SEED 0x1d4e1d4eu

/* header.state */
/* every check has a verdict, or has used up the time allowed for its first */
#define SHUNT_STATE_SETTLED 1u
#define SHUNT_STATE_SUPERSEDED 2u /* attach again: there is a newer table */

/* record.answer: the index of the answering endpoint, or one of these */
#define SHUNT_ANSWER_DNS 0xffffffffu  /* as if the name were not managed */
#define SHUNT_ANSWER_FAIL 0xfffffffeu /* EAI_AGAIN, TRY_AGAIN */

/* address.family */
#define SHUNT_FAMILY_IPV4 4u
#define SHUNT_FAMILY_IPV6 6u

/* address.flags */
#define SHUNT_ADDRESS_ANSWER 1u /* part of the answer while its endpoint answers */
/*
 * A connection that another address of the record did not take may go to this one: neither it nor
 * its endpoint is down, and no operator has forced another endpoint.
 */
#define SHUNT_ADDRESS_NEXT 2u
/*
 * In doubt: the last check contradicts its health, or there is no verdict yet, or a client reported
 * a failure and the check made for it has not ended.
 */
#define SHUNT_ADDRESS_DOUBT 4u

/* record.connect: what the library does for connections to the record's addresses */
#define SHUNT_CONNECT_OFF 0u
#define SHUNT_CONNECT_RETRY 1u    /* what is refused is tried again at the next endpoint */
#define SHUNT_CONNECT_REDIRECT 2u /* that, and to what answers now instead of what did before */

struct shunt_table_header {
	uint32_t magic;   /* SHUNT_TABLE_MAGIC */
	uint32_t version; /* SHUNT_TABLE_VERSION */
	uint32_t id[2];   /* random, different for each table */
	uint32_t
	        /* sizeof(struct shunt_table_header) of the writer; the next three likewise */
	        header_size;
	uint32_t record_size;
	uint32_t endpoint_size;
	uint32_t address_size;
	uint32_t index_offset; /* offset of the first struct shunt_slot */
	uint32_t index_slots;  /* a power of two */
	uint32_t hash_seed;    /* chosen so that SHUNT_PROBES_MAX suffices for every name */
	uint32_t record_count;
	uint32_t used_size;      /* bytes in use from the start of the table */
	uint32_t stale_limit_ms; /* how long the last answers remain valid without a heartbeat */
	uint32_t heartbeat;      /* incremented every SHUNT_HEARTBEAT_MS */
	uint32_t state;          /* SHUNT_STATE_ bits */
};

/*
 * A slot of the index. A name is in slot hash & (index_slots - 1) or one of the next ones, wrapping
 * around.
 */
struct shunt_slot {
	uint32_t hash; /* shunt_name_hash() of the name */
	/* offset of its struct shunt_name; 0: the slot is empty, and the search ends here */
	uint32_t name;
};

/*
 * A record's name or one of its aliases, spelled as in the configuration: letters, digits, '-', '_'
 * and single dots. The last label is not a number, so a name that ends like an IP literal need not
 * be searched for.
 */
struct shunt_name {
	uint32_t record; /* offset of its struct shunt_record */
	uint32_t length; /* characters, 1 to SHUNT_NAME_MAX; no final dot, no terminator */
	                 /* the characters follow, padded with zeros to a multiple of 4 */
};

struct shunt_record {
	uint32_t sequence;       /* odd while the record is being written */
	uint32_t answer;         /* index of the answering endpoint, or SHUNT_ANSWER_ */
	uint32_t name;           /* offset of the canonical struct shunt_name */
	uint32_t endpoint_count; /* 1 to SHUNT_ENDPOINTS_MAX */
	uint32_t endpoints;      /* offset of the first struct shunt_endpoint */
	uint32_t name_count; /* the canonical name and the aliases, which follow it without a gap */
	uint32_t connect;    /* SHUNT_CONNECT_; a record of SHUNT_RECORD_MIN bytes has none */
};

#define SHUNT_RECORD_MIN 24u /* sizeof(struct shunt_record) in the first release */

struct shunt_endpoint {
	char id[64];            /* [a-z0-9-]{1,63}, padded with zeros */
	uint32_t address_count; /* 0 to address_room */
	uint32_t address_room;  /* at most SHUNT_ADDRESSES_MAX */
	uint32_t
	        /* offset of the first struct shunt_address; may be 0 when address_room is */
	        addresses;
	uint32_t reserved;
};

struct shunt_address {
	uint32_t family;   /* SHUNT_FAMILY_ */
	uint32_t flags;    /* SHUNT_ADDRESS_ */
	uint32_t scope_id; /* IPv6 zone; 0: none */
	uint32_t word
	        /* the address in network byte order, starting at the first byte; IPv4 in word[0] */
	        [4];
};

_Static_assert(sizeof(struct shunt_table_header) == 64, "the header is a contract");
_Static_assert(sizeof(struct shunt_slot) == 8, "the slot is a contract");
_Static_assert(sizeof(struct shunt_name) == 8, "the name is a contract");
_Static_assert(sizeof(struct shunt_record) == 28, "the record is a contract");
_Static_assert(sizeof(struct shunt_endpoint) == 80, "the endpoint is a contract");
_Static_assert(sizeof(struct shunt_address) == 28, "the address is a contract");
_Static_assert(offsetof(struct shunt_table_header, heartbeat) == 56, "the header is a contract");
_Static_assert(offsetof(struct shunt_record, connect) == SHUNT_RECORD_MIN,
               "the record is a contract");
_Static_assert(offsetof(struct shunt_endpoint, address_count) == 64, "the endpoint is a contract");

/* Host names are compared as ASCII, without case (RFC 4343), in every locale. */
static inline unsigned char shunt_lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

/*
 * shunt_lower() of four characters at once. Usually no character is one of @A-Z[\]^_ or beyond
 * ASCII, and nothing is to be done. Otherwise bit 7 of a sum shows "at least 'A'", and "beyond
 * 'Z'".
 */
static inline uint32_t shunt_lower_word(uint32_t word)
{
	uint32_t low = word & 0x7f7f7f7fu, capital;

	if ((word & ~(word << 1) & 0x40404040u) == 0)
		return word;
	capital = (low + 0x3f3f3f3fu) & ~(low + 0x25252525u) & ~word & 0x80808080u;
	return word | capital >> 2;
}

/*
 * Four characters of a name starting at `i`, in memory order; zeros beyond its end. Assembled in a
 * register: writing bytes to memory and reading them back as a word would stall.
 */
static inline uint32_t shunt_name_word(const char *name, uint32_t length, uint32_t i)
{
	uint32_t word = 0, rest = length - i;

	if (rest >= 4) {
		__builtin_memcpy(&word, name + i, 4);
		return word;
	}
	if (length >= 4) {
		__builtin_memcpy(&word, name + length - 4, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		return word >> (32 - 8 * rest);
#else
		return word << (32 - 8 * rest);
#endif
	}
	for (uint32_t j = 0; j < rest; j++)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		word |= (uint32_t)(unsigned char)name[i + j] << 8 * j;
#else
		word |= (uint32_t)(unsigned char)name[i + j] << (24 - 8 * j);
#endif
	return word;
}

static inline uint32_t shunt_hash_word(uint32_t hash, uint32_t word)
{
	word = shunt_lower_word(word) * 0xcc9e2d51u;
	hash ^= (word << 15 | word >> 17) * 0x1b873593u;
	return (hash << 13 | hash >> 19) * 5 + 0xe6546b64u;
}

/*
 * The hash of a name: MurmurHash3 (x86, 32 bits) of its lower-case characters, taken as words in
 * the host's byte order, the last one padded with zeros. `length` excludes a final dot. By words,
 * because the hash is a large part of a lookup.
 */
static inline uint32_t shunt_name_hash(uint32_t seed, const char *name, uint32_t length)
{
	uint32_t hash = seed, i;

	for (i = 0; length - i >= 4; i += 4) {
		uint32_t word;

		__builtin_memcpy(&word, name + i, 4);
		hash = shunt_hash_word(hash, word);
	}
	if (i < length)
		hash = shunt_hash_word(hash, shunt_name_word(name, length, i));
	hash ^= length;
	hash ^= hash >> 16;
	hash *= 0x85ebca6bu;
	hash ^= hash >> 13;
	hash *= 0xc2b2ae35u;
	return hash ^ hash >> 16;
}

#endif
