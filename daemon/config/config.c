#include "config/config.h"

#include "base/arena.h"

const char *const check_type_words[CHECK_TYPES + 1] = {
	[CHECK_HTTP] = "http", [CHECK_HTTPS] = "https", [CHECK_TCP] = "tcp",
	[CHECK_TLS] = "tls",   [CHECK_EXEC] = "exec",   [CHECK_CALCULATED] = "calculated",
};

const char *const failback_words[] = { "auto", "manual", NULL };
const char *const family_words[] = { "ipv4", "ipv6", "any", NULL };
const char *const isolation_words[] = { "on", "off", NULL };
const char *const reset_words[] = { "keep", "reset", NULL };
const char *const connect_words[] = { "off", "retry", "redirect", NULL };
const char *const scope_words[] = { "local", "quorum", "unanimous", NULL };
const char *const etcd_lost_words[] = { "local", "hold", NULL };
const char *const all_down_words[] = { "primary", "hold", "dns", "fail", NULL };

_Static_assert(RESET_KEEP == 0 && RESET_RESET == 1, "in the order of the words");
_Static_assert(BALLOT_LOCAL == 0 && BALLOT_QUORUM == 1 && BALLOT_UNANIMOUS == 2 &&
                       ETCD_LOST_LOCAL == 0 && ETCD_LOST_HOLD == 1,
               "in the order of the words");
_Static_assert(FAILBACK_AUTO == 0 && FAILBACK_MANUAL == 1, "in the order of the words");
_Static_assert(ALL_DOWN_PRIMARY == 0 && ALL_DOWN_HOLD == 1 && ALL_DOWN_DNS == 2 &&
                       ALL_DOWN_FAIL == 3,
               "in the order of the words");

void config_free(struct config *config)
{
	if (config)
		arena_free(config->arena);
}
