/* The corpus of the fuzz target, without a fuzzer: what was once found stays mended. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/fuzz/fuzz_table.c" /* NOLINT(bugprone-suspicious-include) */

#define CORPUS "tests/fuzz/corpus/table"
#define INPUT_MAX (1u << 20)

/* libFuzzer is not here, and nothing is mutated. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most)
{
	(void)data;
	(void)most;
	return size;
}

static void replay(const char *name)
{
	static uint8_t bytes[INPUT_MAX];
	char path[512];
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), CORPUS "/%s", name);
	file = fopen(path, "re");
	assert_non_null(file);
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_in_range(size, 1, sizeof(bytes) - 1);
	assert_int_equal(LLVMFuzzerTestOneInput(bytes, size), 0);
	/* Every beginning of it as well: a table that ends too early. */
	for (size_t n = 0; n < size; n += 13)
		assert_int_equal(LLVMFuzzerTestOneInput(bytes, n), 0);
}

static void test_corpus(void **state)
{
	DIR *folder = opendir(CORPUS);
	size_t count = 0;

	(void)state;
	assert_non_null(folder);
	for (const struct dirent *entry; (entry = readdir(folder));) {
		if (entry->d_name[0] == '.')
			continue;
		replay(entry->d_name);
		count++;
	}
	closedir(folder);
	assert_in_range(count, 1, 1000);
}

/* The seeds are tables that are read to their end: without that the corpus would show nothing. */
static void test_found(void **state)
{
	static uint8_t bytes[INPUT_MAX];
	struct table_answer answer;
	FILE *file = fopen(CORPUS "/two", "re");
	size_t size;

	(void)state;
	assert_non_null(file);
	size = fread(bytes, 1, sizeof(bytes), file) - sizeof(struct control);
	fclose(file);
	memcpy(table_memory(), bytes + sizeof(struct control), size);
	assert_int_equal(table_find(table_memory(), known[0], (uint32_t)strlen(known[0]), &answer),
	                 TABLE_FOUND);
	assert_int_equal(answer.count, 2);
	memset(table_memory(), 0, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
