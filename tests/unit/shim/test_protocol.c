/* The messages of the client socket: their layout, and what the shim takes for a welcome. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shim/attach/welcome.h"
#include "shunt/protocol.h"
#include "shunt/table.h"
#include "tests/support/unit.h"

#define NONCE 0x1234u

static const struct {
	size_t offset, expected;
} layout[] = {
	{ offsetof(struct shunt_hello, magic), 0 },
	{ offsetof(struct shunt_hello, size), 4 },
	{ offsetof(struct shunt_hello, version_min), 8 },
	{ offsetof(struct shunt_hello, version_max), 12 },
	{ offsetof(struct shunt_hello, nonce), 16 },
	{ sizeof(struct shunt_hello), 20 },
	{ offsetof(struct shunt_welcome, magic), 0 },
	{ offsetof(struct shunt_welcome, size), 4 },
	{ offsetof(struct shunt_welcome, status), 8 },
	{ offsetof(struct shunt_welcome, nonce), 12 },
	{ offsetof(struct shunt_welcome, version), 16 },
	{ offsetof(struct shunt_welcome, flags), 20 },
	{ offsetof(struct shunt_welcome, table_size), 24 },
	{ sizeof(struct shunt_welcome), 28 },
	{ SHUNT_TABLE_SEALS, 0x17 },
	{ SHUNT_TABLE_SIZE, 67108864 },
	{ SHUNT_STATUS_OK, 0 },
	{ SHUNT_WELCOME_SETTLED, 1 },
};

static void test_layout(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++)
		assert_int_equal(layout[i].offset, layout[i].expected);
}

/* "SHLO", "SHWL", "SHNT" where bytes stand in the order of a little-endian word. */
static void test_magic(void **state)
{
	(void)state;
	assert_int_equal(SHUNT_HELLO_MAGIC, 'S' | 'H' << 8 | 'L' << 16 | 'O' << 24);
	assert_int_equal(SHUNT_WELCOME_MAGIC, 'S' | 'H' << 8 | 'W' << 16 | 'L' << 24);
	assert_int_equal(SHUNT_TABLE_MAGIC, 'S' | 'H' << 8 | 'N' << 16 | 'T' << 24);
}

#define FIELD(member) offsetof(struct shunt_welcome, member)
static const struct {
	size_t received, offset;
	uint32_t value;
	int good;
} welcomes[] = {
	{ 28, FIELD(flags), 0, 1 },
	{ 28, FIELD(flags), 0xffffffff, 1 }, /* flags of a later version mean nothing to us */
	{ 40, FIELD(size), 40, 1 },          /* more than we know is ignored */
	{ 40, FIELD(size), 28, 1 },
	{ 256, FIELD(size), 256, 1 },
	{ 0, FIELD(flags), 0, 0 },
	{ 27, FIELD(flags), 0, 0 },
	{ 257, FIELD(flags), 0, 0 },
	{ 28, FIELD(size), 27, 0 },
	{ 28, FIELD(size), 29, 0 },
	{ 28, FIELD(size), 0xffffffff, 0 },
	{ 28, FIELD(magic), SHUNT_HELLO_MAGIC, 0 },
	{ 28, FIELD(status), SHUNT_STATUS_VERSION, 0 },
	{ 28, FIELD(status), 99, 0 },
	{ 28, FIELD(nonce), NONCE + 1, 0 },
	{ 28, FIELD(version), 0, 0 },
	{ 28, FIELD(version), SHUNT_TABLE_VERSION + 1, 0 },
	{ 28, FIELD(table_size), SHUNT_TABLE_SIZE / 2, 0 },
	{ 28, FIELD(table_size), SHUNT_TABLE_SIZE * 2, 0 },
};

static void test_welcome(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(welcomes) / sizeof(welcomes[0]); i++) {
		struct shunt_welcome welcome = { .magic = SHUNT_WELCOME_MAGIC,
			                         .size = sizeof(welcome),
			                         .status = SHUNT_STATUS_OK,
			                         .nonce = NONCE,
			                         .version = SHUNT_TABLE_VERSION,
			                         .flags = SHUNT_WELCOME_SETTLED,
			                         .table_size = SHUNT_TABLE_SIZE };

		memcpy((char *)&welcome + welcomes[i].offset, &welcomes[i].value, 4);
		if (welcome_check(&welcome, welcomes[i].received, NONCE) != welcomes[i].good)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_magic),
		cmocka_unit_test(test_welcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
