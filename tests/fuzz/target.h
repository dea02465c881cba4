/*
 * Common to all fuzz targets: the entry points that libFuzzer calls, and an assertion that is never
 * compiled out.
 */
#ifndef SHUNT_FUZZ_TARGET_H
#define SHUNT_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define HOLDS(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most); /* provided by libFuzzer */

#endif
