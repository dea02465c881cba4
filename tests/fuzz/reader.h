/*
 * Code shared by the fuzz targets for the table: build a table from an input and run everything
 * that reads tables on it. A target includes this file once, after defining its replacement for an
 * atomic load, if any.
 *
 * Input: struct control, then the bytes of a table. The first part is placed at the start of the
 * mapping, the second part at an offset that the input selects, for example at its end. Memory next
 * to the mapping must not be read.
 */
#ifndef SHUNT_FUZZ_READER_H
#define SHUNT_FUZZ_READER_H

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "shim/answer/family.c"
#include "shim/answer/hostent.c"
#include "shim/core/table.c"
#include "shim/lookup/force.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include "tests/fuzz/target.h"

#define GUARD (1u << 20) /* inaccessible bytes on either side */
#define BEHIND 64        /* bytes after a caller's buffer that are checked */

struct control {
	uint32_t offset; /* of the second part in the table */
	uint32_t split;  /* where the second part begins in the input */
	uint32_t name;   /* where the name to look up begins in the input */
	uint32_t name_length;
	uint32_t alias; /* index of the alias to ask for */
	uint32_t room;  /* alignment of the buffer for a struct hostent, and how much it is short */
};

/* A parsed input. */
struct input {
	struct control control;
	const uint8_t *table; /* table bytes, including the second part */
	size_t size;
	size_t first; /* size of the first part */
};

static const char *const known[] = { "www.example.com", "WWW", "db", "many.example.net",
	                             "dns.example.com" };
static const char *const ids[] = { "primary", "secondary", "e-7", "x" };
static const char forces[] = "=,x, dns.example.com = e-0,www.example.com.=e-1 ,DB=primary";

static const void *asked_table; /* used by lookup_alias() */

bool lookup_alias(const char *name, uint32_t i, char out[TABLE_NAME_SIZE])
{
	return table_alias(asked_table, name, (uint32_t)strlen(name), i, out);
}

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

/*
 * Check that the entries of a list are stored after the list, within the caller's buffer. Returns
 * the end of the last one.
 */
static const char *check_list(char *const *list, size_t size, const char *end)
{
	char *const *last = list;
	const char *most = (const char *)(list + 1);

	while (*last)
		last++;
	for (; *list; list++) {
		const char *entry_end = *list + (size ? size : strlen(*list) + 1);

		HOLDS(*list >= (char *)(last + 1) && *list < end && entry_end <= end);
		most = entry_end > most ? entry_end : most;
	}
	return most;
}

/*
 * Returns the number of bytes used in the caller's buffer, or 0 if no answer was built. Bytes after
 * the buffer must not change.
 */
static size_t build(const char *asked, const struct table_answer *answer, int family, char *buffer,
                    size_t room)
{
	char *behind = buffer + room;
	struct hostent made;
	const char *end;

	memset(behind, 0xa5, BEHIND);
	if (hostent_build(asked, answer, family, &made, buffer, room) != HOSTENT_DONE)
		made.h_name = NULL;
	for (size_t i = 0; i < BEHIND; i++)
		HOLDS((unsigned char)behind[i] == 0xa5);
	if (!made.h_name)
		return 0;
	HOLDS(memchr(made.h_name, '\0', room - (size_t)(made.h_name - buffer)));
	check_list(made.h_addr_list, (size_t)made.h_length, behind);
	end = check_list(made.h_aliases, 0, behind);
	return (size_t)(end - buffer);
}

/*
 * Build in a buffer that is large enough, then in one that is slightly too small, with any
 * alignment.
 */
static void build_both(const char *asked, const struct table_answer *answer, int family,
                       uint32_t room)
{
	static char buffer[4096 + 8 + BEHIND];
	char *start = buffer + room % 8;
	size_t most = build(asked, answer, family, start, 4096), less = room / 8 % 32;

	build(asked, answer, family, start, most > less ? most - less : less);
}

static void ask_forced(const void *base, const char *name, uint32_t length)
{
	struct table_answer answer;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct table_force own = { name, length, ids[i], (uint32_t)strlen(ids[i]) };
		const struct table_force other = { known[0], (uint32_t)strlen(known[0]), ids[i],
			                           (uint32_t)strlen(ids[i]) };

		memset(&answer, 0xa5, sizeof(answer));
		check_answer(table_find_forced(base, name, length, &own, &answer), &answer);
		memset(&answer, 0xa5, sizeof(answer));
		check_answer(table_find_forced(base, name, length, &other, &answer), &answer);
	}
	memset(&answer, 0xa5, sizeof(answer));
	check_answer(force_find(base, forces, name, length, &answer), &answer);
}

static void ask_aliases(const void *base, const char *name, uint32_t length, uint32_t alias)
{
	const uint32_t aliases[] = { 0, 1, alias, UINT32_MAX };
	char found[TABLE_NAME_SIZE];

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		memset(found, 0xa5, sizeof(found));
		if (table_unicode(base, name, length, found))
			check_name(found);
		if (table_alias(base, name, length, aliases[i], found))
			check_name(found);
	}
}

/* Every address must be within the data that was read and of the requested family. */
static void ask_route(const void *base, const char *name, uint32_t length)
{
	static const uint32_t families[] = { SHUNT_FAMILY_IPV4, SHUNT_FAMILY_IPV6 };

	for (size_t i = 0; i < 2; i++) {
		struct table_route route;

		memset(&route, 0xa5, sizeof(route));
		if (table_route(base, name, length, families[i], &route) != TABLE_FOUND)
			continue;
		HOLDS(route.connect <= SHUNT_CONNECT_REDIRECT);
		HOLDS(route.count <= TABLE_ROUTE_MAX);
		for (uint32_t k = 0; k < route.count; k++)
			HOLDS(route.addresses[k].family == families[i]);
	}
}

static enum table_result ask(const void *base, const char *name, uint32_t length, uint32_t alias,
                             struct table_answer *answer)
{
	enum table_result result;

	memset(answer, 0xa5, sizeof(*answer));
	check_answer(table_find(base, name, length, false, answer), answer);
	memset(answer, 0xa5, sizeof(*answer));
	result = table_find(base, name, length, true, answer);
	check_answer(result, answer);
	ask_forced(base, name, length);
	ask_route(base, name, length);
	ask_aliases(base, name, length, alias);
	return result;
}

/* SHUNT_FORCE is set by the user and may contain anything; no text may cause harm. */
static void ask_text(const void *base, const char *text, uint32_t length)
{
	struct table_answer answer;
	char list[SHUNT_NAME_MAX + 1];

	memcpy(list, text, length);
	list[length] = '\0';
	check_answer(force_find(base, list, known[0], (uint32_t)strlen(known[0]), &answer),
	             &answer);
	force_trouble(base, text, length);
}

static void ask_all(const void *base, const struct input *input)
{
	const struct control *control = &input->control;
	size_t start = input->size ? control->name % input->size : 0;
	uint32_t length = 1 + control->name_length % SHUNT_NAME_MAX;
	const char *text = (const char *)input->table + start;
	struct table_answer answer;

	asked_table = base;
	table_check(base);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (ask(base, known[i], (uint32_t)strlen(known[i]), control->alias, &answer) !=
		    TABLE_FOUND)
			continue;
		build_both(known[i], &answer, AF_INET, control->room);
		build_both(known[i], &answer, AF_INET6, control->room);
	}
	if (length > input->size - start)
		return;
	ask(base, text, length, control->alias, &answer);
	ask_text(base, text, length);
}

/*
 * Half of the mutations change one word or two adjacent words, since a table consists of words:
 * random byte changes would rarely change a count and its limit together.
 */
static size_t mutate_words(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	static const uint32_t words[] = { 0,
		                          1,
		                          16,
		                          17,
		                          64,
		                          255,
		                          4096,
		                          0x10000,
		                          0x1000000,
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

/* Returns false if the input is too short or too long. */
static bool take_apart(const uint8_t *data, size_t size, struct input *input)
{
	if (size < sizeof(input->control) || size - sizeof(input->control) > SHUNT_TABLE_SIZE / 2)
		return false;
	memcpy(&input->control, data, sizeof(input->control));
	input->table = data + sizeof(input->control);
	input->size = size - sizeof(input->control);
	input->first = input->control.split < input->size ? input->control.split : input->size;
	return true;
}

/* Create the table of an input, run the readers on it, and clear it. */
static void ask_input(const struct input *input)
{
	unsigned char *base = table_memory();
	size_t second = input->size - input->first;
	size_t offset = input->control.offset % (SHUNT_TABLE_SIZE - (uint32_t)second + 1);

	memcpy(base, input->table, input->first);
	memcpy(base + offset, input->table + input->first, second);
	ask_all(base, input);
	memset(base, 0, input->first);
	memset(base + offset, 0, second);
}

#endif
