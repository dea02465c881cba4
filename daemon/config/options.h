/*
 * Every option is one row of the table config_options: name, scope, kind, bounds, default. A test
 * compares conf/shunt.conf and the manual with it.
 */
#ifndef SHUNT_CONFIG_OPTIONS_H
#define SHUNT_CONFIG_OPTIONS_H

#include "config/config.h"

enum config_scope {
	SCOPE_FILE = 1,
	SCOPE_CHECK = 2,
	SCOPE_RECORD = 4,
	SCOPE_ENDPOINT = 8,
	SCOPE_NOTIFY = 16,
	SCOPE_DOOR = 32
};

struct config_option {
	const char *name;
	unsigned scope;     /* one SCOPE_ value */
	const char *kind;   /* as text: "duration", "host name", … */
	const char *bounds; /* as text; NULL if the kind needs none */
	/* The default, in the configuration's syntax; NULL: no default, or required. */
	const char *value;
	bool required;
	/* SCOPE_CHECK: bits 1 << enum check_type of the types that accept it; else 0. */
	unsigned types;
	/*
	 * The bounds as numbers: milliseconds of a duration, characters or bytes of a text, number
	 * of elements of a list.
	 */
	uint32_t min, max;
};

/* In the order of the table, grouped by scope. */
enum option {
	OPT_FILE_SOCKET,
	OPT_FILE_CONTROL,
	OPT_FILE_STATE_DIR,
	OPT_FILE_STALE_LIMIT,
	OPT_FILE_ISOLATION,
	OPT_FILE_RESET_SOCKET,
	OPT_FILE_RESET_RATE,
	OPT_FILE_USER,
	OPT_FILE_EXEC_USER,
	OPT_FILE_HTTP,
	OPT_FILE_HTTP_HOSTS,
	OPT_FILE_RESOLVERS,
	OPT_FILE_NOTIFY,
	OPT_FILE_DOOR,
	OPT_FILE_DOOR_SOCKET,
	OPT_FILE_CHECKS,
	OPT_FILE_RECORDS,

	OPT_CHECK_TYPE,
	OPT_CHECK_PORT,
	OPT_CHECK_PATH,
	OPT_CHECK_HOST,
	OPT_CHECK_METHOD,
	OPT_CHECK_HEADERS,
	OPT_CHECK_CREDENTIALS_FILE,
	OPT_CHECK_EXPECT_STATUS,
	OPT_CHECK_EXPECT_HEADER,
	OPT_CHECK_EXPECT_BODY,
	OPT_CHECK_BODY_LIMIT,
	OPT_CHECK_TLS_VERIFY,
	OPT_CHECK_CA_FILE,
	OPT_CHECK_SNI,
	OPT_CHECK_CLIENT_CERT,
	OPT_CHECK_CLIENT_KEY,
	OPT_CHECK_CERT_WARNING,
	OPT_CHECK_SOURCE,
	OPT_CHECK_INTERVAL,
	OPT_CHECK_FAST_INTERVAL,
	OPT_CHECK_DOWN_INTERVAL,
	OPT_CHECK_TIMEOUT,
	OPT_CHECK_CONNECT_TIMEOUT,
	OPT_CHECK_WATCH,
	OPT_CHECK_FALL,
	OPT_CHECK_RISE,
	OPT_CHECK_INVERT,
	OPT_CHECK_DISABLED,
	OPT_CHECK_COMMAND,
	OPT_CHECK_PASS_STATUS,
	OPT_CHECK_NONE_STATUS,
	OPT_CHECK_OF,
	OPT_CHECK_AT_LEAST,

	OPT_RECORD_NAME,
	OPT_RECORD_ALIASES,
	OPT_RECORD_PRIMARY,
	OPT_RECORD_SECONDARY,
	OPT_RECORD_FAILBACK,
	OPT_RECORD_FAILBACK_DELAY,
	OPT_RECORD_FLAP_PENALTY,
	OPT_RECORD_FLAP_WINDOW,
	OPT_RECORD_FAILBACK_MAX,
	OPT_RECORD_ALL_DOWN,
	OPT_RECORD_ISOLATION,
	OPT_RECORD_PORTS,
	OPT_RECORD_CONNECT,
	OPT_RECORD_ON_LEAVE,
	OPT_RECORD_ON_RETURN,

	OPT_ENDPOINT_ID,
	OPT_ENDPOINT_ADDRESS,
	OPT_ENDPOINT_ADDRESSES,
	OPT_ENDPOINT_MIN_UP,
	OPT_ENDPOINT_CHECK,
	OPT_ENDPOINT_ALLOW_LOCAL,
	OPT_ENDPOINT_FAMILY,

	OPT_NOTIFY_COMMAND,
	OPT_NOTIFY_EVENTS,
	OPT_NOTIFY_TIMEOUT,

	OPT_DOOR_CGROUP,

	OPTIONS
};

/* The last row has a NULL name. */
extern const struct config_option config_options[];

#endif
