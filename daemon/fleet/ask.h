/*
 * What etcd's gateway is asked: bodies of JSON, each to be freed by the caller. The paths are beside
 * the functions; all are sent by POST.
 */
#ifndef SHUNT_FLEET_ASK_H
#define SHUNT_FLEET_ASK_H

#include <stddef.h>
#include <stdint.h>

#define ASK_LOGIN_PATH "/v3/auth/authenticate"
char *ask_login(const char *user, const char *password);

#define ASK_GRANT_PATH "/v3/lease/grant"
char *ask_grant(uint32_t seconds);

#define ASK_KEEPALIVE_PATH "/v3/lease/keepalive"
#define ASK_REVOKE_PATH "/v3/lease/revoke"
char *ask_lease(uint64_t lease);

/* All keys below `prefix`, which ends with '/', that come after `after` (NULL: from the first). */
#define ASK_RANGE_PATH "/v3/kv/range"
/* `revision` 0: the present one. */
char *ask_range(const char *prefix, const char *after, unsigned limit, uint64_t revision);

/* Their changes from that revision on. */
#define ASK_WATCH_PATH "/v3/watch"
char *ask_watch(const char *prefix, uint64_t revision);

/*
 * Writes a key if it has not been written since `revision`; 0: if it does not exist.
 */
#define ASK_SWAP_PATH "/v3/kv/txn"
char *ask_swap(const char *key, const char *value, uint64_t lease, uint64_t revision);

#define ASK_PUT_PATH "/v3/kv/put"
char *ask_put(const char *key, const char *value, uint64_t lease);

#endif
