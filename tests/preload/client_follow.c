/* Looks up for as long as it lives, and writes each answer that is another one than before; test_widths.c reads them. */
#include "client.h"

static void follow(void)
{
	char last[512] = "", text[512];

	for (;; pause_ms(1)) {
		if (strcmp(resolve_stream("localhost", text), last) == 0)
			continue;
		memcpy(last, text, sizeof(last));
		CHECK(printf("%s\n", text) > 0 && fflush(stdout) == 0);
	}
}

static const struct client_case cases[] = { { "follow", FAKE_STALE_LIMIT, follow } };
CLIENT_MAIN(cases)
