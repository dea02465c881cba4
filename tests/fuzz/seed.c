/*
 * Write the corpora: tables made by the real writer, cut to the part in use; the same tables with
 * moves; and welcome messages. Run this after changing the table format or the protocol:
 *
 *   make build/tests/fuzz/seed && build/tests/fuzz/seed tests/fuzz/corpus
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/policy/election.h"
#include "daemon/publish/publish.h"
#include "shunt/protocol.h"

static const char *const aliases[] = { "WWW", "web_1.example.com" };
static const struct source literals[SHUNT_ADDRESSES_MAX];

/* One record with the given number of endpoints and addresses. */
static const struct seed {
	const char *file, *name;
	size_t endpoints, addresses;
	int answer;
	uint32_t sequence; /* added to the record's: odd, as if a write were in progress */
	uint32_t at_end;   /* table bytes moved to the end of the mapping */
} seeds[] = {
	{ "one", "www.example.com", 1, 1, 0, 0, 0 },
	{ "two", "Www.Example.com", 2, 2, 1, 0, 0 },
	{ "short", "db", 2, 1, 0, 0, 0 },
	{ "many", "many.example.net", SHUNT_ENDPOINTS_MAX, SHUNT_ADDRESSES_MAX, 7, 0, 0 },
	{ "full", "www.example.com", 2, SHUNT_ADDRESSES_MAX, 0, 0, 0 },
	{ "dns", "dns.example.com", 1, 1, ELECTION_DNS, 0, 0 },
	{ "fail", "dns.example.com", 1, 1, ELECTION_FAIL, 0, 0 },
	{ "none", "www.example.com", 1, 0, 0, 0, 0 },
	{ "odd", "www.example.com", 1, 1, 0, 1, 0 },
	{ "end", "www.example.com", 1, 1, 0, 0, 16 },
};

static struct address address_of(size_t i)
{
	struct address address = { .family = i % 2 ? SHUNT_FAMILY_IPV6 : SHUNT_FAMILY_IPV4 };

	address.byte[0] = i % 2 ? 0xfe : 192;
	address.byte[1] = i % 2 ? 0x80 : 0;
	address.byte[i % 2 ? 15 : 3] = (uint8_t)(1 + i);
	address.scope_id = i % 2 ? 7 : 0;
	return address;
}

static const char *const ids[SHUNT_ENDPOINTS_MAX] = { "primary", "e-1", "e-2", "e-3",
	                                              "e-4",     "e-5", "e-6", "e-7" };

static struct publish *publish_seed(const struct seed *seed, struct record_config *record)
{
	struct config config = { .records = record, .record_count = 1, .stale_limit = 600000 };
	struct publish_endpoint endpoints[SHUNT_ENDPOINTS_MAX] = { 0 };
	struct endpoint_config configs[SHUNT_ENDPOINTS_MAX];
	struct publish *table;

	*record = (struct record_config){ .name = seed->name,
		                          .aliases = aliases,
		                          .alias_count = 2,
		                          .connect = CONNECT_RETRY,
		                          .endpoints = configs,
		                          .endpoint_count = seed->endpoints };
	for (size_t i = 0; i < seed->endpoints; i++) {
		configs[i] = (struct endpoint_config){ .id = ids[i],
			                               .sources = literals,
			                               .source_count = seed->addresses };
		endpoints[i].count = seed->addresses;
		for (size_t j = 0; j < seed->addresses; j++) {
			endpoints[i].addresses[j] = address_of(i + j);
			endpoints[i].flags[j] = SHUNT_ADDRESS_ANSWER | SHUNT_ADDRESS_NEXT;
		}
	}
	table = publish_new(&config);
	if (table)
		publish_record(table, 0, seed->answer, endpoints, seed->endpoints);
	return table;
}

struct part {
	const void *bytes;
	size_t size;
};

static void write_file(const char *corpus, const char *target, const char *name,
                       const struct part *parts, size_t count)
{
	char path[4096];
	FILE *file;
	bool good;

	snprintf(path, sizeof(path), "%s/%s/%s", corpus, target, name);
	file = fopen(path, "we");
	good = file;
	for (size_t i = 0; good && i < count; i++)
		good = fwrite(parts[i].bytes, parts[i].size, 1, file) == 1;
	if (!good || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static const struct shunt_name *first_name(const unsigned char *table)
{
	const struct shunt_table_header *header = (const struct shunt_table_header *)table;
	const struct shunt_slot *slot = (const struct shunt_slot *)(table + header->index_offset);

	while (!slot->name)
		slot++;
	return (const struct shunt_name *)(table + slot->name);
}

/*
 * Changes that a writer makes, and some that only a hostile one makes; see struct move in
 * fuzz_moving.c.
 */
static void write_moving(const char *corpus, const struct seed *seed, const unsigned char *table,
                         const struct part parts[2])
{
	const struct shunt_name *name = first_name(table);
	const struct shunt_record *record = (const struct shunt_record *)(table + name->record);
	const uint32_t at = name->record, endpoint = record->endpoints;
	const uint32_t moves[8][3] = {
		{ 40, at + offsetof(struct shunt_record, sequence), record->sequence + 1 },
		{ 2, at + offsetof(struct shunt_record, answer), 0x1000000 },
		{ 1, endpoint + offsetof(struct shunt_endpoint, address_count), UINT32_MAX },
		{ 9, at + offsetof(struct shunt_record, sequence), record->sequence + 2 },
		{ 30,
		  (uint32_t)((const unsigned char *)name - table) +
		          offsetof(struct shunt_name, length),
		  0 },
		{ 25, at + offsetof(struct shunt_record, name_count), 1 },
		{ 12, endpoint + offsetof(struct shunt_endpoint, addresses), SHUNT_TABLE_SIZE },
		{ 20, offsetof(struct shunt_table_header, id), 3 },
	};
	const struct part all[3] = { { moves, sizeof(moves) }, parts[0], parts[1] };

	write_file(corpus, "moving", seed->file, all, 3);
}

static void write_seed(const char *corpus, const struct seed *seed, unsigned char *table)
{
	struct shunt_table_header *header = (struct shunt_table_header *)table;
	const struct shunt_name *name = first_name(table);
	uint32_t used = header->used_size;
	const uint32_t control[6] = { SHUNT_TABLE_SIZE - seed->at_end,
		                      used - seed->at_end,
		                      (uint32_t)((const unsigned char *)name - table) +
		                              (uint32_t)sizeof(*name),
		                      name->length - 1,
		                      2,
		                      1000 };
	const struct part parts[2] = { { control, sizeof(control) }, { table, used } };

	/* Fixed, so that the output is reproducible. */
	header->id[0] = 1;
	header->id[1] = 2;
	((struct shunt_record *)(table + name->record))->sequence += seed->sequence;
	if (seed->at_end)
		header->used_size = SHUNT_TABLE_SIZE;
	write_file(corpus, "table", seed->file, parts, 2);
	write_moving(corpus, seed, table, parts);
}

static const struct {
	const char *file;
	uint8_t descriptors;
	uint32_t nonce;
	uint32_t more; /* bytes from a later version */
} welcomes[] = {
	{ "good", 1, 0x1234, 0 },  { "long", 1, 0x1234, 16 }, { "none", 0, 0x1234, 0 },
	{ "three", 3, 0x1234, 0 }, { "other", 1, 0x4321, 0 },
};

static void write_welcomes(const char *corpus)
{
	static const uint8_t zeros[16];

	for (size_t i = 0; i < sizeof(welcomes) / sizeof(welcomes[0]); i++) {
		const struct shunt_welcome welcome = { .magic = SHUNT_WELCOME_MAGIC,
			                               .size = (uint32_t)sizeof(welcome) +
			                                       welcomes[i].more,
			                               .status = SHUNT_STATUS_OK,
			                               .nonce = welcomes[i].nonce,
			                               .version = SHUNT_TABLE_VERSION,
			                               .flags = SHUNT_WELCOME_SETTLED,
			                               .table_size = SHUNT_TABLE_SIZE };
		const struct part parts[3] = { { &welcomes[i].descriptors, 1 },
			                       { &welcome, sizeof(welcome) },
			                       { zeros, welcomes[i].more } };

		write_file(corpus, "welcome", welcomes[i].file, parts, welcomes[i].more ? 3 : 2);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 64;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		struct record_config record;
		struct publish *publish = publish_seed(&seeds[i], &record);
		unsigned char *table =
		        publish ? mmap(NULL, SHUNT_TABLE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		                       publish_fd(publish), 0)
		                : MAP_FAILED;

		if (table == MAP_FAILED) {
			perror("table");
			return 1;
		}
		write_seed(argv[1], &seeds[i], table);
		munmap(table, SHUNT_TABLE_SIZE);
		publish_free(publish);
	}
	write_welcomes(argv[1]);
	return 0;
}
