/*
 * Hostile tables against all code that reads tables, for libFuzzer and for the replay in
 * tests/unit/test_corpus_table.c.
 */
#include "tests/fuzz/reader.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	return mutate_words(data, size, most, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;

	if (take_apart(data, size, &input))
		ask_input(&input);
	return 0;
}
