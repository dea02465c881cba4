/*
 * Hostile tables against their only reader (shim/table.c), for libFuzzer and for the replay in tests/unit/test_corpus.c.
 *
 * An input: struct control, then the bytes of a table. The first of them stand at the start of the mapping, the others at an
 * offset that the input chooses: its end, for instance. What lies beside the mapping may not be read.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "shim/table.c" /* NOLINT(bugprone-suspicious-include) */

#define GUARD (1u << 20) /* bytes without access on either side */

#define HOLDS(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

struct control {
	uint32_t offset; /* of the second part in the table */
	uint32_t split;  /* where in the input the second part begins */
	uint32_t name;   /* where in the input the name to look up begins */
	uint32_t name_length;
	uint32_t alias; /* number of the alias to ask for */
};

static const char *const known[] = { "www.example.com", "WWW", "db", "many.example.net",
	                             "dns.example.com" };
static const char *const ids[] = { "primary", "secondary", "e-7", "x" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most); /* libFuzzer's own */

static unsigned char *table_memory(void)
{
	static unsigned char *memory;
	unsigned char *all;

	if (memory)
		return memory;
	all = mmap(NULL, SHUNT_TABLE_SIZE + 2 * GUARD, PROT_NONE,
	           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	HOLDS(all != MAP_FAILED);
	memory = all + GUARD;
	HOLDS(mprotect(memory, SHUNT_TABLE_SIZE, PROT_READ | PROT_WRITE) == 0);
	return memory;
}

static void check_name(const char name[TABLE_NAME_SIZE])
{
	HOLDS(memchr(name, '\0', SHUNT_NAME_MAX + 1));
}

static void check_answer(enum table_result result, const struct table_answer *answer)
{
	HOLDS(result >= TABLE_ABSENT && result <= TABLE_DAMAGED);
	if (result != TABLE_FOUND)
		return;
	HOLDS(answer->count <= SHUNT_ADDRESSES_MAX);
	HOLDS(answer->answer < SHUNT_ENDPOINTS_MAX ||
	      (answer->count == 0 &&
	       (answer->answer == SHUNT_ANSWER_DNS || answer->answer == SHUNT_ANSWER_FAIL)));
	for (uint32_t i = 0; i < answer->count; i++)
		HOLDS(answer->addresses[i].family == SHUNT_FAMILY_IPV4 ||
		      answer->addresses[i].family == SHUNT_FAMILY_IPV6);
	check_name(answer->name);
}

static void ask(const void *base, const char *name, uint32_t length, uint32_t alias)
{
	const uint32_t aliases[] = { 0, 1, alias, UINT32_MAX };
	struct table_answer answer;

	memset(&answer, 0xa5, sizeof(answer));
	check_answer(table_find(base, name, length, &answer), &answer);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct table_force own = { name, length, ids[i], (uint32_t)strlen(ids[i]) };
		const struct table_force other = { known[0], (uint32_t)strlen(known[0]), ids[i],
			                           (uint32_t)strlen(ids[i]) };

		memset(&answer, 0xa5, sizeof(answer));
		check_answer(table_find_forced(base, name, length, &own, &answer), &answer);
		memset(&answer, 0xa5, sizeof(answer));
		check_answer(table_find_forced(base, name, length, &other, &answer), &answer);
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		memset(&answer, 0xa5, sizeof(answer));
		if (table_alias(base, name, length, aliases[i], answer.name))
			check_name(answer.name);
	}
}

static void ask_all(const void *base, const struct control *control, const uint8_t *table,
                    size_t size)
{
	size_t start = size ? control->name % size : 0;
	uint32_t length = 1 + control->name_length % SHUNT_NAME_MAX;

	table_check(base);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		ask(base, known[i], (uint32_t)strlen(known[i]), control->alias);
	if (length <= size - start)
		ask(base, (const char *)table + start, length, control->alias);
}

/*
 * Half of the inputs differ from another one by a word or two neighbours, since words are what a table is made of: chance alone
 * would rarely change a count and its limit together.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	static const uint32_t words[] = { 0,
		                          1,
		                          16,
		                          17,
		                          64,
		                          255,
		                          4096,
		                          0x10000,
		                          SHUNT_TABLE_SIZE - 4,
		                          SHUNT_TABLE_SIZE,
		                          0x7fffffff,
		                          UINT32_MAX };
	uint32_t word = words[seed / 2 % (sizeof(words) / sizeof(words[0]))];
	size_t at;

	if (seed % 2 || size < sizeof(struct control) + 8)
		return LLVMFuzzerMutate(data, size, most);
	at = (seed * 1664525u + 1013904223u) / 256 % (size / 4 - 1) * 4;
	memcpy(data + at, &word, 4);
	if (seed / 64 % 2)
		memcpy(data + at + 4, &word, 4);
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *base = table_memory();
	const uint8_t *table = data + sizeof(struct control);
	struct control control;
	size_t first, second, offset;

	if (size < sizeof(control) || size - sizeof(control) > SHUNT_TABLE_SIZE / 2)
		return 0;
	memcpy(&control, data, sizeof(control));
	size -= sizeof(control);
	first = control.split < size ? control.split : size;
	second = size - first;
	offset = control.offset % (SHUNT_TABLE_SIZE - (uint32_t)second + 1);
	memcpy(base, table, first);
	memcpy(base + offset, table + first, second);
	ask_all(base, &control, table, size);
	memset(base, 0, first);
	memset(base + offset, 0, second);
	return 0;
}
