/*
 * Writes the corpus of fuzz_table: real tables by their real writer, cut to what they use. After a change of the table's format:
 *
 *   make build/tests/fuzz/seed && build/tests/fuzz/seed tests/fuzz/corpus/table
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/election.h"
#include "daemon/publish.h"

static const char *const aliases[] = { "WWW", "web_1.example.com" };
static const struct source literals[SHUNT_ADDRESSES_MAX];

/* One record, with as many endpoints of as many addresses. */
static const struct seed {
	const char *file, *name;
	size_t endpoints, addresses;
	int answer;
	uint32_t sequence; /* added to the record's: odd, as if it were being written */
	uint32_t at_end;   /* bytes of the table that are moved to the end of the mapping */
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

static struct publish *publish_seed(const struct seed *seed, struct record_config *record)
{
	struct config config = { .records = record, .record_count = 1, .stale_limit = 600000 };
	struct publish_endpoint endpoints[SHUNT_ENDPOINTS_MAX] = { 0 };
	struct publish *table;

	*record = (struct record_config){ .name = seed->name,
		                          .aliases = aliases,
		                          .alias_count = 2,
		                          .endpoint_count = seed->endpoints };
	for (size_t i = 0; i < seed->endpoints; i++) {
		record->endpoints[i].sources = literals;
		record->endpoints[i].source_count = seed->addresses;
		snprintf(record->endpoints[i].id, sizeof(record->endpoints[i].id), "e-%zu", i);
		endpoints[i].count = seed->addresses;
		for (size_t j = 0; j < seed->addresses; j++) {
			endpoints[i].addresses[j] = address_of(i + j);
			endpoints[i].answer[j] = true;
		}
	}
	strcpy(record->endpoints[0].id, "primary");
	table = publish_new(&config);
	if (table)
		publish_record(table, 0, seed->answer, endpoints, seed->endpoints);
	return table;
}

static void write_seed(const char *folder, const struct seed *seed, unsigned char *table)
{
	struct shunt_table_header *header = (struct shunt_table_header *)table;
	const struct shunt_slot *slot = (struct shunt_slot *)(table + header->index_offset);
	uint32_t control[5] = { SHUNT_TABLE_SIZE - seed->at_end, header->used_size - seed->at_end,
		                0, 0, 2 };
	char path[4096];
	FILE *file;

	/* The same bytes each time. */
	header->id[0] = 1;
	header->id[1] = 2;
	while (!slot->name)
		slot++;
	control[2] = slot->name + (uint32_t)sizeof(struct shunt_name);
	control[3] = ((struct shunt_name *)(table + slot->name))->length - 1;
	((struct shunt_record *)(table + ((struct shunt_name *)(table + slot->name))->record))
	        ->sequence += seed->sequence;
	if (seed->at_end)
		header->used_size = SHUNT_TABLE_SIZE;
	snprintf(path, sizeof(path), "%s/%s", folder, seed->file);
	file = fopen(path, "we");
	if (!file || fwrite(control, sizeof(control), 1, file) != 1 ||
	    fwrite(table, control[1] + seed->at_end, 1, file) != 1 || fclose(file) != 0) {
		perror(path);
		exit(1);
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
	return 0;
}
