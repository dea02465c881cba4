/*
 * Tables that change while they are read, as only a hostile or very unlucky writer could change
 * them, for libFuzzer and for the replay in tests/unit/test_corpus_moving.c.
 *
 * There is no second thread: words of the table change between two loads of the reader, at points
 * that the input selects. This makes findings reproducible, and a change can fall between any two
 * loads.
 *
 * Input: MOVES of struct move, then an input of fuzz_table. A move swaps a word of the table with
 * its own. After the last move the first one is applied again, so the table alternates between
 * states.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MOVES 8
#define PAUSE_MAX 64 /* loads between two moves; a search takes about as many */

struct move {
	uint32_t pause;
	uint32_t offset;
	uint32_t value;
};

static struct {
	unsigned char *table; /* NULL: nothing moves */
	size_t words;
	struct move moves[MOVES];
	size_t next;
	uint32_t pause;
} writer;

static void writer_move(void)
{
	struct move *move = &writer.moves[writer.next];
	unsigned char *place = writer.table + move->offset / 4 % writer.words * 4;
	uint32_t value = move->value;

	memcpy(&move->value, place, 4);
	memcpy(place, &value, 4);
	writer.next = (writer.next + 1) % MOVES;
	writer.pause = writer.moves[writer.next].pause % PAUSE_MAX;
}

static uint32_t moving_load(const uint32_t *place)
{
	uint32_t value = *(const volatile uint32_t *)place;

	if (writer.table && writer.pause-- == 0)
		writer_move();
	return value;
}

#define __atomic_load_n(place, order) moving_load(place) /* NOLINT(bugprone-reserved-identifier) */
#include "tests/fuzz/reader.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	return mutate_words(data, size, most, seed);
}

/* Only bytes that come from the input move, so that ask_input() can clear all of them. */
static void writer_start(const uint8_t *moves, const struct input *input)
{
	writer.words = input->first / 4;
	writer.table = writer.words ? table_memory() : NULL;
	memcpy(writer.moves, moves, sizeof(writer.moves));
	writer.next = 0;
	writer.pause = writer.moves[0].pause % PAUSE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;

	if (size < sizeof(writer.moves) ||
	    !take_apart(data + sizeof(writer.moves), size - sizeof(writer.moves), &input))
		return 0;
	writer_start(data, &input);
	ask_input(&input);
	writer.table = NULL;
	return 0;
}
