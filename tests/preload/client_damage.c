/* Damage in the mapped table: never a crash, a hang or an answer that was never published. */
#include "client.h"

#define ROUNDS 3000

/* Only what was published, an error, or libc's answer for localhost. */
static bool is_plausible(const char *text)
{
	return strncmp(text, "EAI", 3) == 0 || strncmp(text, "127.", 4) == 0 ||
	       strncmp(text, "::1", 3) == 0 || strspn(text, "0123456789abcdef.: ") == strlen(text);
}

static uint32_t random_word(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8 ^ *seed << 13;
}

static void random_damage(void)
{
	uint32_t seed = 1, used = 16384;
	char text[512];

	fake_do(FAKE_DAMAGE, 0, 0);
	attach();
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t value = random_word(&seed);

		/* Small words hit counts and offsets more often. */
		if (i % 3 == 0)
			value %= 0x8000;
		if (i % 7 == 0)
			value = 0xffffffffu >> value % 32;
		fake_do(FAKE_POKE, (random_word(&seed) % used) & ~3u, value);
		CHECK(is_plausible(resolve_stream("localhost", text)));
		if (i % 100 == 99)
			fake_do(FAKE_REPLACE, 0, 0);
	}
}

/* The name is not known when one of these is 0. */
static const uint32_t words[] = {
	offsetof(struct shunt_table_header, magic),
	offsetof(struct shunt_table_header, version),
	offsetof(struct shunt_table_header, header_size),
	offsetof(struct shunt_table_header, record_size),
	offsetof(struct shunt_table_header, endpoint_size),
	offsetof(struct shunt_table_header, address_size),
	offsetof(struct shunt_table_header, index_offset),
	offsetof(struct shunt_table_header, index_slots),
	offsetof(struct shunt_table_header, used_size),
};

/* In a process that has not attached yet: one that saw a damaged table does not look for another at once. */
static void damage_word(uint32_t offset, uint32_t value, bool passed)
{
	char text[512];

	attach();
	fake_do(FAKE_POKE, offset, value);
	resolve_stream("localhost", text);
	CHECK(is_plausible(text));
	CHECK(!passed || is_passed("localhost"));
}

static void header_damage(void)
{
	static const uint32_t values[] = { 0,
		                           1,
		                           3,
		                           0x7fffffff,
		                           0x80000000,
		                           0xfffffffc,
		                           0xffffffff,
		                           SHUNT_TABLE_SIZE - 4,
		                           SHUNT_TABLE_SIZE,
		                           0x04000001 };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
			int status;
			pid_t pid;

			fake_do(FAKE_DAMAGE, 0, 0);
			pid = fork();
			if (pid == 0) {
				damage_word(words[i], values[j], values[j] == 0);
				exit(0);
			}
			CHECK(waitpid(pid, &status, 0) == pid);
			if (status != 0)
				fprintf(stderr, "# offset %u: %#x\n", (unsigned)words[i],
				        (unsigned)values[j]);
			CHECK(status == 0);
		}
	}
}

/*
 * A writer that died in the middle: the name fails for now, and another table is asked for. It does so within its
 * bounds, each time; a machine may stand still in one of them.
 */
static void half_written(void)
{
	int64_t fastest = INT64_MAX;

	fake_do(FAKE_DAMAGE, 0, 0);
	fake_do(FAKE_BEAT, 0, 0);
	attach();
	fake_do(FAKE_HALF, 0, 1);
	for (int i = 0; i < 3; i++) {
		int64_t start = now_ms();

		CHECK_ANSWER("localhost", "EAI -3");
		fastest = now_ms() - start < fastest ? now_ms() - start : fastest;
	}
	CHECK(fastest < 2000);
	CHECK(strncmp(resolve_stream("unmanaged", (char[512]){ 0 }), "192", 3) != 0);
	CHECK(answers_with("127.0.0.1", "127.0.0.1"));
	fake_do(FAKE_HALF, 0, 0);
	CHECK_ANSWER("localhost", ANSWER(0));
	fake_do(FAKE_HALF, 0, 1);
	/* A whole one, without a word that the old one is superseded. */
	fake_do(FAKE_DAMAGE, 0, 0);
	CHECK_SOON(answers_with("localhost", ANSWER(0)));
}

static const struct client_case cases[] = {
	{ "random words", FAKE_STALE_LIMIT, random_damage },
	{ "the header", FAKE_STALE_LIMIT, header_damage },
	{ "half written", FAKE_STALE_LIMIT, half_written },
};
CLIENT_MAIN(cases)
