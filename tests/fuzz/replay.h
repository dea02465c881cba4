/*
 * Replay the corpus of a fuzz target without a fuzzer, as a regression test. A test includes its
 * target first, then this file.
 */
#ifndef SHUNT_FUZZ_REPLAY_H
#define SHUNT_FUZZ_REPLAY_H

#include <dirent.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/fuzz/target.h"
#include "tests/support/unit.h"

#define INPUT_MAX (1u << 20)

/* Needed to link without libFuzzer; nothing is mutated. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most)
{
	(void)data;
	(void)most;
	return size;
}

/* The returned bytes are valid until the next call. */
static const uint8_t *corpus_read(const char *folder, const char *name, size_t *size)
{
	static uint8_t bytes[INPUT_MAX];
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s/%s", folder, name);
	file = fopen(path, "re");
	assert_non_null(file);
	*size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_in_range(*size, 1, sizeof(bytes) - 1);
	return bytes;
}

static void corpus_replay(const char *folder)
{
	char path[512];
	size_t count = 0;
	DIR *entries;

	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", folder);
	entries = opendir(path);
	assert_non_null(entries);
	for (const struct dirent *entry; (entry = readdir(entries)); count++) {
		const uint8_t *bytes;
		size_t size;

		if (entry->d_name[0] == '.')
			continue;
		bytes = corpus_read(folder, entry->d_name, &size);
		assert_int_equal(LLVMFuzzerTestOneInput(bytes, size), 0);
		/* Also replay truncated inputs. */
		for (size_t n = 0; n < size; n += 13)
			assert_int_equal(LLVMFuzzerTestOneInput(bytes, n), 0);
	}
	closedir(entries);
	assert_in_range(count, 3, 1000);
}

#endif
