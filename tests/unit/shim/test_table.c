/* The table's writer (daemon/publish/publish.c) and its reader (shim/core/table.c) together, and the reader
 * against hostile tables. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/publish/publish.h"
#include "shim/core/table.h"
#include "tests/support/unit.h"

#define MANY 10000
#define HOSTILE_ROUNDS 20000

static const char *const aliases[] = { "www", "WWW.example.net" };
static const struct source literals[3];
static const struct source names[] = { { .name = "standby.example.net" } };

static const struct endpoint_config www_endpoints[] = {
	{ .id = "primary", .sources = literals, .source_count = 3 },
	{ .id = "secondary", .sources = names, .source_count = 1 },
};
static const struct endpoint_config db_endpoints[] = {
	{ .id = "primary", .sources = literals, .source_count = 1 },
};

static const struct record_config small[] = {
	{ .name = "Www.Example.com",
	  .aliases = aliases,
	  .alias_count = 2,
	  .endpoints = www_endpoints,
	  .endpoint_count = 2 },
	{ .name = "db", .endpoints = db_endpoints, .endpoint_count = 1 },
};

static const struct config small_config = { .records = small,
	                                    .record_count = 2,
	                                    .stale_limit = 1234 };

static const unsigned char *reader_map(const struct publish *publish)
{
	void *base = mmap(NULL, SHUNT_TABLE_SIZE, PROT_READ, MAP_SHARED, publish_fd(publish), 0);

	assert_ptr_not_equal(base, MAP_FAILED);
	return base;
}

static enum table_result find(const void *base, const char *name, struct table_answer *answer)
{
	return table_find(base, name, (uint32_t)strlen(name), true, answer);
}

static enum table_result forced(const void *base, const char *name, const char *other,
                                const char *id, struct table_answer *answer)
{
	const struct table_force force = { other, (uint32_t)strlen(other), id,
		                           (uint32_t)strlen(id) };

	return table_find_forced(base, name, (uint32_t)strlen(name), &force, answer);
}

static struct publish_endpoint endpoint_of(size_t count, uint8_t first)
{
	struct publish_endpoint endpoint = { .count = count };

	for (size_t i = 0; i < count; i++) {
		endpoint.addresses[i].family = i % 2 ? SHUNT_FAMILY_IPV6 : SHUNT_FAMILY_IPV4;
		endpoint.addresses[i].scope_id = i % 2 ? 9 : 0;
		memset(endpoint.addresses[i].byte, first + (int)i, i % 2 ? 16 : 4);
		endpoint.flags[i] = i != 1 ? SHUNT_ADDRESS_ANSWER : 0;
	}
	return endpoint;
}

/* --- what is written is read ---------------------------------------------------------------------
 */

static void test_memory(void **state)
{
	struct publish *publish = publish_new(&small_config);
	struct stat status;
	int fd = publish_fd(publish), seals = fcntl(fd, F_GET_SEALS);

	(void)state;
	assert_int_equal(seals & SHUNT_TABLE_SEALS, SHUNT_TABLE_SEALS);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, SHUNT_TABLE_SIZE);
	assert_in_range(status.st_blocks * 512, 1, 65536); /* sparse */
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 4096), -1);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	publish_free(publish);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		enum table_result result;
		const char *canonical;
	} rows[] = {
		{ "www.example.com", TABLE_FOUND, "Www.Example.com" },
		{ "WWW.EXAMPLE.COM", TABLE_FOUND, "Www.Example.com" },
		{ "www", TABLE_FOUND, "Www.Example.com" },
		{ "www.example.NET", TABLE_FOUND, "Www.Example.com" },
		{ "db", TABLE_FOUND, "db" },
		{ "DB", TABLE_FOUND, "db" },
		{ "d", TABLE_ABSENT, "" },
		{ "dbx", TABLE_ABSENT, "" },
		{ "www.example.com.", TABLE_ABSENT, "" },
		{ "ww\xd7.example.com", TABLE_ABSENT, "" },
		{ "example.com", TABLE_ABSENT, "" },
	};
	struct publish *publish = publish_new(&small_config);
	const unsigned char *base = reader_map(publish);

	(void)state;
	assert_true(table_check(base));
	assert_int_equal(table_stale_limit_ms(base), 1234);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct table_answer answer = { .name = "" };

		assert_int_equal(find(base, rows[i].name, &answer), rows[i].result);
		if (rows[i].result == TABLE_FOUND)
			assert_string_equal(answer.name, rows[i].canonical);
	}
	munmap((void *)base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

/* 253 names, one of each length, with capitals, and what differs from each in one character. */
static void test_every_length(void **state)
{
	static struct record_config records[SHUNT_NAME_MAX];
	static char texts[SHUNT_NAME_MAX][SHUNT_NAME_MAX + 1];
	const struct config config = { .records = records, .record_count = SHUNT_NAME_MAX };
	struct publish *publish;
	const unsigned char *base;

	(void)state;
	for (size_t i = 0; i < SHUNT_NAME_MAX; i++) {
		for (size_t k = 0; k <= i; k++)
			texts[i][k] = "bCdEfgHijkLmnopqRstuvWxyz"[(i + k) % 25];
		records[i] = small[1];
		records[i].name = texts[i];
	}
	publish = publish_new(&config);
	base = reader_map(publish);
	for (size_t i = 0; i < SHUNT_NAME_MAX; i++) {
		struct table_answer answer;
		char name[SHUNT_NAME_MAX + 1];

		assert_int_equal(find(base, texts[i], &answer), TABLE_FOUND);
		assert_string_equal(answer.name, texts[i]);
		strcpy(name, texts[i]);
		for (size_t k = 0; k <= i; k++) {
			name[k] = (char)(texts[i][k] ^ 0x20);
			assert_int_equal(find(base, name, &answer), TABLE_FOUND);
			assert_string_equal(answer.name, texts[i]);
			name[k] = '-';
			assert_int_equal(find(base, name, &answer), TABLE_ABSENT);
			name[k] = texts[i][k];
		}
	}
	munmap((void *)base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

/*
 * Two names of one length with one hash: only the comparison tells them apart, in whatever eight
 * characters they differ.
 */
static void test_same_hash(void **state)
{
	struct publish *publish = publish_new(&small_config);
	unsigned char *base = mmap(NULL, SHUNT_TABLE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
	                           publish_fd(publish), 0);
	const char *name = "www.example.net";
	uint32_t length = (uint32_t)strlen(name);
	const struct shunt_table_header *header = (void *)base;
	uint32_t hash = shunt_name_hash(header->hash_seed, name, length), i = hash;
	const struct shunt_slot *slots = (void *)(base + header->index_offset);
	struct table_answer answer;
	char *stored;

	(void)state;
	assert_ptr_not_equal(base, MAP_FAILED);
	while (slots[i % header->index_slots].hash != hash)
		i++;
	stored = (char *)base + slots[i % header->index_slots].name + sizeof(struct shunt_name);
	for (uint32_t k = 0; k < length; k++)
		stored[k] = name[k];
	assert_int_equal(find(base, name, &answer), TABLE_FOUND);
	for (uint32_t k = 0; k < length; k++) {
		stored[k] = '-';
		assert_int_equal(find(base, name, &answer), TABLE_ABSENT);
		stored[k] = name[k];
	}
	assert_int_equal(find(base, name, &answer), TABLE_FOUND);
	munmap(base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

/* Without the name, unless it is needed to know later for which name an address was given. */
static void test_nameless(void **state)
{
	struct record_config records[2] = { small[0], small[1] };
	const struct config config = { .records = records, .record_count = 2 };
	struct publish_endpoint endpoint = endpoint_of(3, 10);
	struct publish *publish;
	const unsigned char *base;
	struct table_answer answer;

	(void)state;
	records[1].connect = CONNECT_RETRY;
	publish = publish_new(&config);
	publish_record(publish, 0, 0, &endpoint, 1);
	base = reader_map(publish);
	memset(&answer, 0xa5, sizeof(answer));
	assert_int_equal(table_find(base, "www", 3, false, &answer), TABLE_FOUND);
	assert_int_equal(answer.answer, 0);
	assert_int_equal(answer.count, 3);
	assert_string_equal(answer.name, "");
	assert_int_equal(table_find(base, "DB", 2, false, &answer), TABLE_FOUND);
	assert_string_equal(answer.name, "db");
	munmap((void *)base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

static void test_answers(void **state)
{
	struct publish *publish = publish_new(&small_config);
	const unsigned char *base = reader_map(publish);
	struct publish_endpoint endpoints[2] = { endpoint_of(3, 10), endpoint_of(16, 20) };
	struct table_answer answer;

	(void)state;
	assert_int_equal(find(base, "www", &answer), TABLE_FOUND);
	assert_int_equal(answer.answer, SHUNT_ANSWER_FAIL); /* until published */
	publish_record(publish, 0, 0, endpoints, 2);
	assert_int_equal(find(base, "www", &answer), TABLE_FOUND);
	assert_int_equal(answer.answer, 0);
	assert_int_equal(answer.count, 3);
	assert_int_equal(answer.addresses[0].family, SHUNT_FAMILY_IPV4);
	assert_int_equal(answer.addresses[0].flags, SHUNT_ADDRESS_ANSWER);
	assert_int_equal(answer.addresses[0].word[0], 0x0a0a0a0a);
	assert_int_equal(answer.addresses[0].word[1], 0);
	assert_int_equal(answer.addresses[1].family, SHUNT_FAMILY_IPV6);
	assert_int_equal(answer.addresses[1].flags, 0);
	assert_int_equal(answer.addresses[1].scope_id, 9);
	assert_int_equal(answer.addresses[1].word[3], 0x0b0b0b0b);
	publish_record(publish, 0, 1, endpoints, 2);
	assert_int_equal(find(base, "WWW", &answer), TABLE_FOUND);
	assert_int_equal(answer.answer, 1);
	assert_int_equal(answer.count, 16); /* a name among the sources: room for all */
	endpoints[0] = endpoint_of(5, 30);
	publish_record(publish, 0, 0, endpoints, 2);
	assert_int_equal(find(base, "www", &answer), TABLE_FOUND);
	assert_int_equal(answer.count, 3); /* three literals: never more room */
	publish_record(publish, 0, ELECTION_DNS, endpoints, 2);
	assert_int_equal(find(base, "www", &answer), TABLE_FOUND);
	assert_int_equal(answer.answer, SHUNT_ANSWER_DNS);
	assert_int_equal(answer.count, 0);
	assert_int_equal(find(base, "db", &answer), TABLE_FOUND);
	assert_int_equal(answer.answer, SHUNT_ANSWER_FAIL); /* the other one is as it was */
	munmap((void *)base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

/* A daemon of the first release has no such word; a later one may have other values in it. */
static void test_connect(void **state)
{
	struct record_config records[2] = { small[0], small[1] };
	const struct config config = { .records = records, .record_count = 2 };
	struct publish *publish;
	unsigned char *base;
	struct table_answer answer;

	(void)state;
	records[0].connect = CONNECT_REDIRECT;
	publish = publish_new(&config);
	base = mmap(NULL, SHUNT_TABLE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
	            publish_fd(publish), 0);
	assert_ptr_not_equal(base, MAP_FAILED);
	assert_int_equal(find(base, "www.example.net", &answer), TABLE_FOUND);
	assert_int_equal(answer.connect, SHUNT_CONNECT_REDIRECT);
	assert_int_equal(find(base, "db", &answer), TABLE_FOUND);
	assert_int_equal(answer.connect, SHUNT_CONNECT_OFF);
	((struct shunt_table_header *)base)->record_size = SHUNT_RECORD_MIN;
	assert_int_equal(find(base, "www", &answer), TABLE_FOUND);
	assert_int_equal(answer.connect, SHUNT_CONNECT_OFF);
	((struct shunt_table_header *)base)->record_size = sizeof(struct shunt_record);
	((struct shunt_record *)(base + 64 + 16 * 8))->connect = SHUNT_CONNECT_REDIRECT + 1;
	assert_int_equal(find(base, "www", &answer), TABLE_FOUND);
	assert_int_equal(answer.connect, SHUNT_CONNECT_OFF);
	munmap(base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

/* "10.1* 10.3 20.1": the last words of IPv4 addresses by their first byte; '*' answers. */
static const char *route_text(const void *base, const char *name, uint32_t family)
{
	static char text[512];
	struct table_route route;
	size_t n = 0;

	*text = '\0';
	if (table_route(base, name, (uint32_t)strlen(name), family, &route) != TABLE_FOUND)
		return "not found";
	if (route.connect == SHUNT_CONNECT_OFF)
		return "off";
	for (uint32_t i = 0; i < route.count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u%s", n ? " " : "",
		                      route.addresses[i].word[0] & 0xff,
		                      route.addresses[i].flags & SHUNT_ADDRESS_ANSWER ? "*" : "");
	return text;
}

/* The answering endpoint first, one family, and what answers now alone marked so. */
static void test_route(void **state)
{
	struct record_config records[2] = { small[0], small[1] };
	const struct config config = { .records = records, .record_count = 2 };
	struct publish_endpoint endpoints[2] = { endpoint_of(3, 10), endpoint_of(4, 20) };
	struct publish *publish;
	const unsigned char *base;

	(void)state;
	records[0].connect = CONNECT_RETRY;
	publish = publish_new(&config);
	base = reader_map(publish);
	assert_string_equal(route_text(base, "absent", SHUNT_FAMILY_IPV4), "not found");
	assert_string_equal(route_text(base, "db", SHUNT_FAMILY_IPV4), "off");
	assert_string_equal(route_text(base, "www", SHUNT_FAMILY_IPV4), ""); /* FAIL so far */
	publish_record(publish, 0, 0, endpoints, 2);
	assert_string_equal(route_text(base, "www", SHUNT_FAMILY_IPV4), "10* 12* 20 22");
	assert_string_equal(route_text(base, "WWW", SHUNT_FAMILY_IPV6), "11 21 23");
	publish_record(publish, 0, 1, endpoints, 2);
	assert_string_equal(route_text(base, "www", SHUNT_FAMILY_IPV4), "20* 22* 10 12");
	memset(endpoints[1].flags, 0, sizeof(endpoints[1].flags));
	publish_record(publish, 0, 1, endpoints, 2);
	assert_string_equal(route_text(base, "www", SHUNT_FAMILY_IPV4), "20* 22* 10 12");
	publish_record(publish, 0, ELECTION_DNS, endpoints, 2);
	assert_string_equal(route_text(base, "www", SHUNT_FAMILY_IPV4), "");
	munmap((void *)base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

static uint32_t sequence_of(const unsigned char *base)
{
	const struct shunt_table_header *header = (const void *)base;
	const struct shunt_slot *slots = (const void *)(base + header->index_offset);
	uint32_t sum = 0;

	for (uint32_t i = 0; i < header->index_slots; i++) {
		const struct shunt_name *name = (const void *)(base + slots[i].name);

		if (slots[i].name)
			sum += ((const struct shunt_record *)(base + name->record))->sequence;
	}
	return sum;
}

static void test_unchanged_is_not_written(void **state)
{
	struct publish *publish = publish_new(&small_config);
	const unsigned char *base = reader_map(publish);
	struct publish_endpoint endpoint = endpoint_of(1, 10);

	(void)state;
	publish_record(publish, 1, 0, &endpoint, 1);
	assert_int_equal(sequence_of(base), 2);
	publish_record(publish, 1, 0, &endpoint, 1);
	assert_int_equal(sequence_of(base), 2);
	endpoint.flags[0] = 0;
	publish_record(publish, 1, 0, &endpoint, 1);
	assert_int_equal(sequence_of(base), 4);
	munmap((void *)base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

static void test_header(void **state)
{
	struct publish *publish = publish_new(&small_config), *other = publish_new(&small_config);
	const unsigned char *base = reader_map(publish);
	uint32_t beat = table_heartbeat(base), id[2];

	(void)state;
	publish_heartbeat(publish);
	assert_int_equal(table_heartbeat(base), beat + 1);
	assert_int_equal(table_state(base), 0);
	publish_settle(publish);
	assert_int_equal(table_state(base), SHUNT_STATE_SETTLED);
	publish_supersede(publish);
	assert_int_equal(table_state(base), SHUNT_STATE_SETTLED | SHUNT_STATE_SUPERSEDED);
	table_id(base, id);
	assert_true(table_same(base, id));
	munmap((void *)base, SHUNT_TABLE_SIZE);
	base = reader_map(other);
	assert_false(table_same(base, id));
	munmap((void *)base, SHUNT_TABLE_SIZE);
	publish_free(publish);
	publish_free(other);
}

/* --- size ----------------------------------------------------------------------------------------
 */

static void test_size(void **state)
{
	/* The header, 16 slots, and two records as shunt/table.h lays them out. */
	size_t first = 28 + 2 * 80 + (3 + 16) * 28 + (8 + 16) + (8 + 4) + (8 + 16);
	size_t second = 28 + 80 + 28 + (8 + 4);
	struct publish *publish = publish_new(&small_config);
	const unsigned char *base = reader_map(publish);
	const struct config empty = { .record_count = 0 };

	(void)state;
	assert_int_equal(publish_size(&small_config), 64 + 16 * 8 + first + second);
	assert_int_equal(((const struct shunt_table_header *)base)->used_size,
	                 publish_size(&small_config));
	assert_int_equal(publish_size(&empty), 64 + 16 * 8);
	munmap((void *)base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

static void test_empty(void **state)
{
	const struct config empty = { .record_count = 0 };
	struct publish *publish = publish_new(&empty);
	const unsigned char *base = reader_map(publish);
	struct table_answer answer;

	(void)state;
	assert_true(table_check(base));
	assert_int_equal(find(base, "www", &answer), TABLE_ABSENT);
	munmap((void *)base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

static void test_many(void **state)
{
	struct record_config *records = calloc(MANY, sizeof(*records));
	struct config config = { .records = records, .record_count = MANY };
	struct publish_endpoint endpoint = endpoint_of(1, 1);
	struct publish *publish;
	const unsigned char *base;
	static char text[MANY][32];

	(void)state;
	assert_non_null(records);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(text[i], sizeof(text[i]), "h%zu.example.com", i);
		records[i].name = text[i];
		records[i].endpoint_count = 1;
		records[i].endpoints = db_endpoints;
	}
	assert_in_range(publish_size(&config), MANY * 160, MANY * 200);
	publish = publish_new(&config);
	assert_non_null(publish);
	base = reader_map(publish);
	for (size_t i = 0; i < MANY; i++) {
		memcpy(endpoint.addresses[0].byte, &(uint32_t){ (uint32_t)i }, 4);
		publish_record(publish, i, 0, &endpoint, 1);
	}
	for (size_t i = 0; i < MANY; i++) {
		struct table_answer answer;

		assert_int_equal(find(base, text[i], &answer), TABLE_FOUND);
		assert_int_equal(answer.addresses[0].word[0], i);
		text[i][0] = 'x';
		assert_int_equal(find(base, text[i], &answer), TABLE_ABSENT);
	}
	munmap((void *)base, SHUNT_TABLE_SIZE);
	publish_free(publish);
	free(records);
}

/* --- a reader beside a writer
 * --------------------------------------------------------------------- */

static atomic_bool over;
static atomic_uint reads, routes;

static void *read_on(void *arg)
{
	struct table_answer answer;

	while (!atomic_load(&over)) {
		enum table_result result = find(arg, "www", &answer);

		if (result == TABLE_BUSY)
			continue;
		/* Every state that is published has the same byte everywhere, and its index says
		 * which. */
		if (result != TABLE_FOUND || answer.answer != (answer.addresses[0].word[0] & 1))
			return "mixed";
		for (uint32_t i = 1; i < answer.count; i++)
			if (answer.addresses[i].word[0] != answer.addresses[0].word[0])
				return "mixed";
		atomic_fetch_add(&reads, 1);
	}
	return NULL;
}

/* As read_on(): all addresses of both endpoints, and those of the endpoint that answers marked. */
static void *route_on(void *arg)
{
	struct table_route route;

	while (!atomic_load(&over)) {
		enum table_result result = table_route(arg, "www", 3, SHUNT_FAMILY_IPV6, &route);
		uint32_t marked = 0;

		if (result == TABLE_BUSY)
			continue;
		if (result != TABLE_FOUND || route.count != 3 + 16)
			return "mixed";
		for (uint32_t i = 0; i < route.count; i++) {
			if (route.addresses[i].word[0] != route.addresses[0].word[0])
				return "mixed";
			marked += route.addresses[i].flags & SHUNT_ADDRESS_ANSWER;
		}
		if (marked != (route.addresses[0].word[0] & 1 ? 16 : 3))
			return "mixed";
		atomic_fetch_add(&routes, 1);
	}
	return NULL;
}

static void publish_byte(struct publish *publish, uint8_t byte)
{
	struct publish_endpoint endpoints[2] = { { .count = 3 }, { .count = 16 } };

	for (size_t i = 0; i < 16; i++) {
		endpoints[0].addresses[i].family = SHUNT_FAMILY_IPV6;
		memset(endpoints[0].addresses[i].byte, byte, 16);
		endpoints[1].addresses[i] = endpoints[0].addresses[i];
	}
	publish_record(publish, 0, byte & 1, endpoints, 2);
}

static void test_beside_a_writer(void **state)
{
	static void *(*const readers[])(void *) = { read_on, read_on, route_on };
	struct record_config records[2] = { small[0], small[1] };
	const struct config config = { .records = records, .record_count = 2 };
	struct publish *publish;
	unsigned char *base;
	pthread_t threads[3];
	void *failure;

	(void)state;
	records[0].connect = CONNECT_RETRY;
	publish = publish_new(&config);
	base = (unsigned char *)reader_map(publish);
	atomic_store(&over, false);
	atomic_store(&reads, 0);
	atomic_store(&routes, 0);
	publish_byte(publish, 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, readers[i], base), 0);
	for (unsigned i = 0; i < 20000 || atomic_load(&reads) < 1000 || atomic_load(&routes) < 1000;
	     i++)
		publish_byte(publish, (uint8_t)i);
	atomic_store(&over, true);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(threads[i], &failure), 0);
		assert_null(failure);
	}
	munmap(base, SHUNT_TABLE_SIZE);
	publish_free(publish);
}

/* --- hostile tables
 * ------------------------------------------------------------------------------- */

/*
 * A private copy between two guards: what reads beyond it dies.
 */
static unsigned char *copy_of(const struct publish *publish)
{
	size_t guard = 65536;
	unsigned char *place = mmap(NULL, SHUNT_TABLE_SIZE + 2 * guard, PROT_NONE,
	                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(place, MAP_FAILED);
	place = mmap(place + guard, SHUNT_TABLE_SIZE, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_FIXED, publish_fd(publish), 0);
	assert_ptr_not_equal(place, MAP_FAILED);
	return place;
}

static void copy_free(unsigned char *copy)
{
	munmap(copy - 65536, SHUNT_TABLE_SIZE + 2 * 65536);
}

static struct publish *published(void)
{
	static struct record_config records[2];
	static const struct config config = { .records = records, .record_count = 2 };
	struct publish *publish;
	struct publish_endpoint endpoints[2] = { endpoint_of(3, 10), endpoint_of(16, 20) };

	memcpy(records, small, sizeof(small));
	records[0].connect = CONNECT_REDIRECT;
	publish = publish_new(&config);
	publish_record(publish, 0, 1, endpoints, 2);
	publish_record(publish, 1, 0, endpoints, 1);
	return publish;
}

static const struct header_row {
	size_t offset;
	uint32_t value;
} header_rows[] = {
#define WORD(member) offsetof(struct shunt_table_header, member)
	{ WORD(magic), 0 },
	{ WORD(version), 0 },
	{ WORD(version), 2 },
	{ WORD(header_size), 60 },
	{ WORD(header_size), 66 },
	{ WORD(record_size), 20 },
	{ WORD(record_size), 0xfffffffc },
	{ WORD(endpoint_size), 76 },
	{ WORD(endpoint_size), 0x20000000 },
	{ WORD(address_size), 24 },
	{ WORD(address_size), 0x10000000 },
	{ WORD(index_offset), 0 },
	{ WORD(index_offset), 66 },
	{ WORD(index_offset), 0xfffffffc },
	{ WORD(index_offset), SHUNT_TABLE_SIZE - 4 },
	{ WORD(index_slots), 0 },
	{ WORD(index_slots), 3 },
	{ WORD(index_slots), 0x80000000 },
	{ WORD(index_slots), 0x20000000 },
	{ WORD(used_size), 0 },
	{ WORD(used_size), 64 },
	{ WORD(used_size), SHUNT_TABLE_SIZE + 4 },
	{ WORD(used_size), 0xffffffff },
#undef WORD
};

static void test_hostile_header(void **state)
{
	struct publish *publish = published();

	(void)state;
	for (size_t i = 0; i < sizeof(header_rows) / sizeof(header_rows[0]); i++) {
		unsigned char *copy = copy_of(publish);
		struct table_answer answer;

		assert_true(table_check(copy));
		memcpy(copy + header_rows[i].offset, &header_rows[i].value, 4);
		assert_false(table_check(copy));
		assert_int_equal(find(copy, "www", &answer), TABLE_DAMAGED);
		copy_free(copy);
	}
	publish_free(publish);
}

/* The record of `www`, or its name, or its answering endpoint, or that one's first address. */
enum part { SLOT, NAME, CANONICAL, RECORD, ENDPOINT, ADDRESS };

static uint32_t part_offset(const unsigned char *copy, enum part part)
{
	const struct shunt_table_header *header = (const void *)copy;
	const struct shunt_slot *slots = (const void *)(copy + header->index_offset);
	uint32_t hash = shunt_name_hash(header->hash_seed, "www", 3), i = hash;
	const struct shunt_name *name;
	const struct shunt_record *record;
	const struct shunt_endpoint *endpoint;

	while (slots[i & (header->index_slots - 1)].hash != hash)
		i++;
	i &= header->index_slots - 1;
	name = (const void *)(copy + slots[i].name);
	record = (const void *)(copy + name->record);
	endpoint = (const void *)(copy + record->endpoints +
	                          record->answer * sizeof(struct shunt_endpoint));
	switch (part) {
	case SLOT: return header->index_offset + i * (uint32_t)sizeof(struct shunt_slot);
	case NAME: return slots[i].name;
	case CANONICAL: return record->name;
	case RECORD: return name->record;
	case ENDPOINT: return (uint32_t)((const unsigned char *)endpoint - copy);
	case ADDRESS: return endpoint->addresses;
	}
	return 0;
}

static const struct {
	enum part part;
	size_t word;
	uint32_t value;
	enum table_result result;
} part_rows[] = {
	{ SLOT, offsetof(struct shunt_slot, name), 4, TABLE_DAMAGED },
	{ SLOT, offsetof(struct shunt_slot, name), 0xfffffffc, TABLE_DAMAGED },
	{ SLOT, offsetof(struct shunt_slot, name), 0x03fffffc, TABLE_DAMAGED },
	{ SLOT, offsetof(struct shunt_slot, hash), 1, TABLE_ABSENT },
	{ SLOT, offsetof(struct shunt_slot, name), 0, TABLE_ABSENT },
	{ NAME, offsetof(struct shunt_name, length), 0, TABLE_DAMAGED },
	{ NAME, offsetof(struct shunt_name, length), 254, TABLE_DAMAGED },
	{ NAME, offsetof(struct shunt_name, length), 0xffffffff, TABLE_DAMAGED },
	{ NAME, offsetof(struct shunt_name, length), 4, TABLE_ABSENT },
	{ NAME, offsetof(struct shunt_name, record), 0, TABLE_BUSY },
	{ NAME, offsetof(struct shunt_name, record), 0xfffffff0, TABLE_BUSY },
	{ NAME, offsetof(struct shunt_name, record), SHUNT_TABLE_SIZE - 8, TABLE_BUSY },
	{ CANONICAL, offsetof(struct shunt_name, length), 0xfffffffd, TABLE_BUSY },
	{ CANONICAL, offsetof(struct shunt_name, length), 0, TABLE_BUSY },
	{ RECORD, offsetof(struct shunt_record, sequence), 1, TABLE_BUSY },
	{ RECORD, offsetof(struct shunt_record, answer), 2, TABLE_BUSY },
	{ RECORD, offsetof(struct shunt_record, answer), 0xfffffffd, TABLE_BUSY },
	{ RECORD, offsetof(struct shunt_record, name), 2, TABLE_BUSY },
	{ RECORD, offsetof(struct shunt_record, endpoint_count), 0, TABLE_BUSY },
	{ RECORD, offsetof(struct shunt_record, endpoint_count), 9, TABLE_BUSY },
	{ RECORD, offsetof(struct shunt_record, endpoint_count), 0xffffffff, TABLE_BUSY },
	{ RECORD, offsetof(struct shunt_record, endpoints), 0, TABLE_BUSY },
	{ RECORD, offsetof(struct shunt_record, endpoints), SHUNT_TABLE_SIZE - 80, TABLE_BUSY },
	{ ENDPOINT, offsetof(struct shunt_endpoint, address_count), 17, TABLE_BUSY },
	{ ENDPOINT, offsetof(struct shunt_endpoint, address_count), 0xffffffff, TABLE_BUSY },
	{ ENDPOINT, offsetof(struct shunt_endpoint, address_room), 15, TABLE_BUSY },
	{ ENDPOINT, offsetof(struct shunt_endpoint, address_room), 17, TABLE_BUSY },
	{ ENDPOINT, offsetof(struct shunt_endpoint, addresses), 0, TABLE_BUSY },
	{ ENDPOINT, offsetof(struct shunt_endpoint, addresses), 0xfffffffc, TABLE_BUSY },
	{ ENDPOINT, offsetof(struct shunt_endpoint, address_count), 0, TABLE_FOUND },
	{ ADDRESS, offsetof(struct shunt_address, family), 0, TABLE_BUSY },
	{ ADDRESS, offsetof(struct shunt_address, family), 5, TABLE_BUSY },
	{ ADDRESS, offsetof(struct shunt_address, flags), 0xffffffff, TABLE_FOUND },
};

static void test_hostile_parts(void **state)
{
	struct publish *publish = published();

	(void)state;
	for (size_t i = 0; i < sizeof(part_rows) / sizeof(part_rows[0]); i++) {
		unsigned char *copy = copy_of(publish);
		struct table_answer answer;
		struct table_route route;
		enum table_result result;

		assert_int_equal(find(copy, "www", &answer), TABLE_FOUND);
		memcpy(copy + part_offset(copy, part_rows[i].part) + part_rows[i].word,
		       &part_rows[i].value, 4);
		result = find(copy, "www", &answer);
		if (result != part_rows[i].result)
			print_error("row %zu\n", i);
		assert_int_equal(result, part_rows[i].result);
		/* A route needs no canonical name. */
		if (part_rows[i].part != CANONICAL &&
		    part_rows[i].word != offsetof(struct shunt_record, name))
			assert_int_equal(table_route(copy, "www", 3, SHUNT_FAMILY_IPV4, &route),
			                 result);
		copy_free(copy);
	}
	publish_free(publish);
}

/* An index without an end. */
static void test_hostile_index(void **state)
{
	struct publish *publish = published();
	unsigned char *copy = copy_of(publish);
	struct shunt_table_header *header = (void *)copy;
	struct shunt_slot *slots = (void *)(copy + header->index_offset);
	struct table_answer answer;

	(void)state;
	for (uint32_t i = 0; i < header->index_slots; i++)
		slots[i] = (struct shunt_slot){ .hash = 1, .name = 0xfffffffc };
	assert_int_equal(find(copy, "absent.example.com", &answer), TABLE_ABSENT);
	copy_free(copy);
	publish_free(publish);
}

static uint32_t random_word(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16 | *seed << 16;
}

static void test_hostile_random(void **state)
{
	static const char *const asked[] = { "www", "db", "www.example.com", "absent" };
	struct publish *publish = published();
	uint32_t size = (uint32_t)publish_size(&small_config), seed = 7;
	unsigned char *copy = copy_of(publish);
	unsigned char *good = malloc(size);

	(void)state;
	assert_non_null(good);
	memcpy(good, copy, size);
	for (int i = 0; i < HOSTILE_ROUNDS; i++) {
		for (int j = 0; j < 1 + i % 4; j++) {
			uint32_t value = random_word(&seed) >> random_word(&seed) % 32;

			memcpy(copy + (random_word(&seed) % size & ~3u), &value, 4);
		}
		for (size_t j = 0; j < sizeof(asked) / sizeof(asked[0]); j++) {
			struct table_answer answer;
			char alias[TABLE_NAME_SIZE];

			for (uint32_t k = 0; k < 4; k++)
				if (table_alias(copy, asked[j], (uint32_t)strlen(asked[j]), k,
				                alias))
					assert_in_range(strnlen(alias, sizeof(alias)), 0,
					                SHUNT_NAME_MAX);
			if (forced(copy, asked[j], "www", "secondary", &answer) == TABLE_FOUND)
				assert_in_range(answer.count, 0, SHUNT_ADDRESSES_MAX);
			if (find(copy, asked[j], &answer) != TABLE_FOUND)
				continue;
			assert_in_range(answer.count, 0, SHUNT_ADDRESSES_MAX);
			assert_in_range(strnlen(answer.name, sizeof(answer.name)), 0,
			                SHUNT_NAME_MAX);
		}
		memcpy(copy, good, size);
	}
	free(good);
	copy_free(copy);
	publish_free(publish);
}

/* A later version: longer structs, more of them; this reader goes by the sizes that the header
 * states. */
static void test_later_sizes(void **state)
{
	struct publish *publish = published();
	unsigned char *copy = copy_of(publish);
	struct shunt_table_header *header = (void *)copy;
	struct shunt_record *record = (void *)(copy + part_offset(copy, RECORD));
	struct shunt_endpoint endpoints[2], *old = (void *)(copy + record->endpoints);
	uint32_t place = header->used_size;
	struct shunt_address address;
	struct table_answer answer;

	(void)state;
	memcpy(endpoints, old, sizeof(endpoints));
	memcpy(&address, copy + endpoints[1].addresses, sizeof(address));
	header->endpoint_size = 96;
	header->address_size = 32;
	record->endpoints = place;
	endpoints[1].address_count = 2;
	endpoints[1].addresses = place + 2 * 96;
	memcpy(copy + place, &endpoints[0], 80);
	memcpy(copy + place + 96, &endpoints[1], 80);
	memcpy(copy + place + 2 * 96, &address, sizeof(address));
	address.word[0] = 0x01020304;
	memcpy(copy + place + 2 * 96 + 32, &address, sizeof(address));
	header->used_size = place + 2 * 96 + 16 * 32;
	assert_int_equal(find(copy, "www", &answer), TABLE_FOUND);
	assert_int_equal(answer.count, 2);
	assert_int_equal(answer.addresses[1].word[0], 0x01020304);
	copy_free(copy);
	publish_free(publish);
}

/* --- aliases and forced endpoints ----------------------------------------------------------------
 */

static void test_aliases(void **state)
{
	static const char *const asked[] = { "Www.Example.com", "www", "WWW.EXAMPLE.NET" };
	struct publish *publish = published();
	unsigned char *copy = copy_of(publish);
	char alias[TABLE_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		uint32_t length = (uint32_t)strlen(asked[i]);

		for (uint32_t j = 0; j < 2; j++) {
			assert_true(table_alias(copy, asked[i], length, j, alias));
			assert_string_equal(alias, aliases[j]);
		}
		assert_false(table_alias(copy, asked[i], length, 2, alias));
		assert_false(table_alias(copy, asked[i], length, 0xffffffff, alias));
		assert_false(table_alias(copy, asked[i], length, 0xfffffffe, alias));
	}
	((struct shunt_record *)(copy + part_offset(copy, RECORD)))->name_count = 0xffffffff;
	assert_false(table_alias(copy, "www", 3, 0x7fffffff, alias));
	assert_false(table_alias(copy, "www", 3, SHUNT_TABLE_SIZE - 1, alias));
	((struct shunt_record *)(copy + part_offset(copy, RECORD)))->name_count = 0;
	assert_false(table_alias(copy, "www", 3, 0, alias));
	assert_false(table_alias(copy, "db", 2, 0, alias));
	assert_false(table_alias(copy, "absent", 6, 0, alias));
	copy_free(copy);
	publish_free(publish);
}

static void test_forced(void **state)
{
	static const struct {
		const char *name, *other, *id;
		enum table_result result;
		uint32_t answer;
	} rows[] = {
		{ "www", "www.example.com", "primary", TABLE_FOUND, 0 },
		{ "Www.Example.com", "WWW", "secondary", TABLE_FOUND, 1 },
		{ "db", "DB", "primary", TABLE_FOUND, 0 },
		{ "www", "db", "primary", TABLE_ABSENT, 0 },
		{ "www", "absent", "primary", TABLE_ABSENT, 0 },
		{ "absent", "www", "primary", TABLE_ABSENT, 0 },
		{ "www", "www", "primar", TABLE_ABSENT, 0 },
		{ "www", "www", "primaryx", TABLE_ABSENT, 0 },
		{ "www", "www", "Primary", TABLE_ABSENT, 0 },
		{ "db", "db", "secondary", TABLE_ABSENT, 0 },
	};
	struct publish *publish = published();
	unsigned char *copy = copy_of(publish);
	struct shunt_record *record = (void *)(copy + part_offset(copy, RECORD));

	(void)state;
	for (int dns = 0; dns < 2; dns++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct table_answer answer;

			assert_int_equal(
			        forced(copy, rows[i].name, rows[i].other, rows[i].id, &answer),
			        rows[i].result);
			if (rows[i].result == TABLE_FOUND)
				assert_int_equal(answer.answer, rows[i].answer);
		}
		record->answer = SHUNT_ANSWER_DNS;
	}
	copy_free(copy);
	publish_free(publish);
}

/* An id without an end, and one that is longer than any. */
static void test_forced_id(void **state)
{
	struct publish *publish = published();
	unsigned char *copy = copy_of(publish);
	struct shunt_endpoint *endpoint = (void *)(copy + part_offset(copy, ENDPOINT));
	struct table_answer answer;
	char id[SHUNT_ID_MAX + 2];

	(void)state;
	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	memset(endpoint->id, 'x', sizeof(endpoint->id));
	assert_int_equal(forced(copy, "www", "www", id, &answer), TABLE_ABSENT);
	id[SHUNT_ID_MAX] = '\0';
	assert_int_equal(forced(copy, "www", "www", id, &answer), TABLE_ABSENT);
	endpoint->id[SHUNT_ID_MAX] = '\0';
	assert_int_equal(forced(copy, "www", "www", id, &answer), TABLE_FOUND);
	assert_int_equal(answer.answer, 1);
	copy_free(copy);
	publish_free(publish);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_same_hash),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_unchanged_is_not_written),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_beside_a_writer),
		cmocka_unit_test(test_hostile_header),
		cmocka_unit_test(test_hostile_parts),
		cmocka_unit_test(test_hostile_index),
		cmocka_unit_test(test_hostile_random),
		cmocka_unit_test(test_later_sizes),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_forced),
		cmocka_unit_test(test_forced_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
