#include "config/options.h"

#include "base/duration.h"
#include "event/type.h"

#include "shunt/door.h"

#define HTTP_TYPES (1u << CHECK_HTTP | 1u << CHECK_HTTPS)
#define TLS_TYPES (1u << CHECK_HTTPS | 1u << CHECK_TLS)
#define HOST_TYPES (HTTP_TYPES | 1u << CHECK_TLS)
#define NETWORK_TYPES (HOST_TYPES | 1u << CHECK_TCP)
#define EXEC_TYPES (1u << CHECK_EXEC)
#define PROBED_TYPES (NETWORK_TYPES | EXEC_TYPES)
#define CALCULATED_TYPES (1u << CHECK_CALCULATED)
#define ALL_TYPES (PROBED_TYPES | CALCULATED_TYPES)

#define SECONDS UINT32_C(1000)
#define HOURS (3600 * SECONDS)

/*
 * The defaults are those of Route 53 where it has the option. Its timeouts are separate for each
 * phase (connect 4 s, status 2 s, body 2 s; TCP 10 s) and fixed; here a single timeout covers the
 * whole probe, and its default is the first of them.
 */
const struct config_option config_options[] = {
	[OPT_FILE_SOCKET] = { "socket", SCOPE_FILE, "path", "at most 107 bytes",
	                      "\"/run/shunt/shunt.sock\"", .max = 107 },
	[OPT_FILE_CONTROL] = { "control", SCOPE_FILE, "path", "at most 107 bytes",
	                       "\"/run/shunt/control.sock\"", .max = 107 },
	[OPT_FILE_STATE_DIR] = { "state_dir", SCOPE_FILE, "path", "at most 1023 bytes",
	                         "\"/var/lib/shunt\"", .max = 1023 },
	[OPT_FILE_STALE_LIMIT] = { "stale_limit", SCOPE_FILE, "duration", "0s to 576h", "\"10m\"",
	                           .max = DURATION_MAX_MS },
	[OPT_FILE_ISOLATION] = { "isolation", SCOPE_FILE, "\"on\" or \"off\"", NULL, "\"on\"" },
	[OPT_FILE_USER] = { "user", SCOPE_FILE, "user name", "1 to 32 characters", .min = 1,
	                    .max = 32 },
	[OPT_FILE_EXEC_USER] = { "exec_user", SCOPE_FILE, "user name", "1 to 32 characters",
	                         .min = 1, .max = 32 },
	[OPT_FILE_HTTP] = { "http", SCOPE_FILE, "IP address and port" },
	[OPT_FILE_HTTP_HOSTS] = { "http_hosts", SCOPE_FILE, "list of host names",
	                          "at most 64 entries", "[ ]", .max = 64 },
	[OPT_FILE_RESOLVERS] = { "resolvers", SCOPE_FILE,
	                         "list of IP addresses with or without a port",
	                         "at most 16 entries", .max = 16 },
	[OPT_FILE_NOTIFY] = { "notify", SCOPE_FILE, "list of programs to run", "at most 16 entries",
	                      "( )", .max = 16 },
	[OPT_FILE_DOOR] = { "door", SCOPE_FILE, "door or list of doors", "at most 16 entries",
	                    .max = CONFIG_DOORS_MAX },
	[OPT_FILE_DOOR_SOCKET] = { "door_socket", SCOPE_FILE, "path", "at most 107 bytes",
	                           "\"/run/shunt-door.sock\"", .max = 107 },
	[OPT_FILE_CHECKS] = { "checks", SCOPE_FILE, "group of checks", NULL, "{ }" },
	[OPT_FILE_RECORDS] = { "records", SCOPE_FILE, "list of records", .required = true },

	[OPT_CHECK_TYPE] = { "type", SCOPE_CHECK,
	                     "\"http\", \"https\", \"tcp\", \"tls\", \"exec\" or \"calculated\"",
	                     .required = true, .types = ALL_TYPES },
	[OPT_CHECK_PORT] = { "port", SCOPE_CHECK, "integer", "1 to 65535", .types = PROBED_TYPES,
	                     .min = 1, .max = 65535 },
	[OPT_CHECK_PATH] = { "path", SCOPE_CHECK, "string", "1 to 1023 characters", "\"/\"",
	                     .types = HTTP_TYPES, .min = 1, .max = 1023 },
	[OPT_CHECK_HOST] = { "host", SCOPE_CHECK, "host name or IPv4 address",
	                     .types = HOST_TYPES },
	[OPT_CHECK_METHOD] = { "method", SCOPE_CHECK,
	                       "\"GET\", \"HEAD\", \"OPTIONS\", \"POST\" or \"PUT\"", NULL,
	                       "\"GET\"", .types = HTTP_TYPES },
	[OPT_CHECK_HEADERS] = { "headers", SCOPE_CHECK, "list of strings", "at most 32 entries",
	                        "[ ]", .types = HTTP_TYPES, .max = 32 },
	[OPT_CHECK_CREDENTIALS_FILE] = { "credentials_file", SCOPE_CHECK, "path",
	                                 "at most 1023 bytes", .types = HTTP_TYPES, .max = 1023 },
	[OPT_CHECK_EXPECT_STATUS] = { "expect_status", SCOPE_CHECK,
	                              "integer, string of ranges, or list of both", "100 to 599",
	                              "\"200-399\"", .types = HTTP_TYPES, .min = 100, .max = 599 },
	[OPT_CHECK_EXPECT_HEADER] = { "expect_header", SCOPE_CHECK, "string", "1 to 255 characters",
	                              .types = HTTP_TYPES, .min = 1, .max = 255 },
	[OPT_CHECK_EXPECT_BODY] = { "expect_body", SCOPE_CHECK, "string", "1 to 255 characters",
	                            .types = HTTP_TYPES, .min = 1, .max = 255 },
	[OPT_CHECK_BODY_LIMIT] = { "body_limit", SCOPE_CHECK, "integer", "1 to 1048576", "5120",
	                           .types = HTTP_TYPES, .min = 1, .max = 1 << 20 },
	[OPT_CHECK_TLS_VERIFY] = { "tls_verify", SCOPE_CHECK, "boolean", NULL, "true",
	                           .types = TLS_TYPES },
	[OPT_CHECK_CA_FILE] = { "ca_file", SCOPE_CHECK, "path", "at most 1023 bytes",
	                        .types = TLS_TYPES, .max = 1023 },
	[OPT_CHECK_SNI] = { "sni", SCOPE_CHECK, "host name", .types = TLS_TYPES },
	[OPT_CHECK_CLIENT_CERT] = { "client_cert", SCOPE_CHECK, "path", "at most 1023 bytes",
	                            .types = TLS_TYPES, .max = 1023 },
	[OPT_CHECK_CLIENT_KEY] = { "client_key", SCOPE_CHECK, "path", "at most 1023 bytes",
	                           .types = TLS_TYPES, .max = 1023 },
	[OPT_CHECK_CERT_WARNING] = { "cert_warning", SCOPE_CHECK, "duration", "0s to 576h",
	                             "\"336h\"", .types = TLS_TYPES, .max = DURATION_MAX_MS },
	[OPT_CHECK_SOURCE] = { "source", SCOPE_CHECK, "IP address or interface",
	                       .types = NETWORK_TYPES },
	[OPT_CHECK_INTERVAL] = { "interval", SCOPE_CHECK, "duration", "100ms to 24h", "\"10s\"",
	                         .types = PROBED_TYPES, .min = 100, .max = 24 * HOURS },
	[OPT_CHECK_FAST_INTERVAL] = { "fast_interval", SCOPE_CHECK, "duration", "100ms to 24h",
	                              "\"1s\"", .types = PROBED_TYPES, .min = 100,
	                              .max = 24 * HOURS },
	[OPT_CHECK_DOWN_INTERVAL] = { "down_interval", SCOPE_CHECK, "duration", "100ms to 24h",
	                              .types = PROBED_TYPES, .min = 100, .max = 24 * HOURS },
	[OPT_CHECK_TIMEOUT] = { "timeout", SCOPE_CHECK, "duration", "10ms to 5m", "\"4s\"",
	                        .types = PROBED_TYPES, .min = 10, .max = 300 * SECONDS },
	[OPT_CHECK_CONNECT_TIMEOUT] = { "connect_timeout", SCOPE_CHECK, "duration", "10ms to 5m",
	                                .types = NETWORK_TYPES, .min = 10, .max = 300 * SECONDS },
	[OPT_CHECK_WATCH] = { "watch", SCOPE_CHECK, "boolean", NULL, "false",
	                      .types = NETWORK_TYPES },
	[OPT_CHECK_FALL] = { "fall", SCOPE_CHECK, "integer", "1 to 100", "3", .types = PROBED_TYPES,
	                     .min = 1, .max = 100 },
	[OPT_CHECK_RISE] = { "rise", SCOPE_CHECK, "integer", "1 to 100", "3", .types = PROBED_TYPES,
	                     .min = 1, .max = 100 },
	[OPT_CHECK_INVERT] = { "invert", SCOPE_CHECK, "boolean", NULL, "false",
	                       .types = ALL_TYPES },
	[OPT_CHECK_DISABLED] = { "disabled", SCOPE_CHECK, "boolean", NULL, "false",
	                         .types = ALL_TYPES },
	[OPT_CHECK_COMMAND] = { "command", SCOPE_CHECK, "list of strings", "1 to 64 entries",
	                        .types = EXEC_TYPES, .min = 1, .max = 64 },
	[OPT_CHECK_PASS_STATUS] = { "pass_status", SCOPE_CHECK,
	                            "integer, string of ranges, or list of both", "0 to 255",
	                            "\"0\"", .types = EXEC_TYPES, .max = 255 },
	[OPT_CHECK_NONE_STATUS] = { "none_status", SCOPE_CHECK,
	                            "integer, string of ranges, or list of both", "0 to 255",
	                            .types = EXEC_TYPES, .max = 255 },
	[OPT_CHECK_OF] = { "of", SCOPE_CHECK, "list of names of checks", "1 to 255 entries",
	                   .types = CALCULATED_TYPES, .min = 1, .max = CHECK_OF_MAX },
	[OPT_CHECK_AT_LEAST] = { "at_least", SCOPE_CHECK, "integer", "0 to 256",
	                         .types = CALCULATED_TYPES, .max = 256 },

	[OPT_RECORD_NAME] = { "name", SCOPE_RECORD, "host name", .required = true },
	[OPT_RECORD_ALIASES] = { "aliases", SCOPE_RECORD, "list of host names",
	                         "at most 64 entries", "[ ]", .max = 64 },
	[OPT_RECORD_PRIMARY] = { "primary", SCOPE_RECORD, "endpoint", .required = true },
	[OPT_RECORD_SECONDARY] = { "secondary", SCOPE_RECORD, "endpoint or list of endpoints",
	                           "at most 7 entries", .max = SHUNT_ENDPOINTS_MAX - 1 },
	[OPT_RECORD_FAILBACK] = { "failback", SCOPE_RECORD, "\"auto\" or \"manual\"", NULL,
	                          "\"auto\"" },
	[OPT_RECORD_FAILBACK_DELAY] = { "failback_delay", SCOPE_RECORD, "duration", "0s to 24h",
	                                "\"0s\"", .max = 24 * HOURS },
	[OPT_RECORD_FLAP_PENALTY] = { "flap_penalty", SCOPE_RECORD, "duration", "0s to 24h",
	                              "\"0s\"", .max = 24 * HOURS },
	[OPT_RECORD_FLAP_WINDOW] = { "flap_window", SCOPE_RECORD, "duration", "1s to 24h",
	                             "\"10m\"", .min = SECONDS, .max = 24 * HOURS },
	[OPT_RECORD_FAILBACK_MAX] = { "failback_max", SCOPE_RECORD, "duration", "0s to 24h",
	                              "\"1h\"", .max = 24 * HOURS },
	[OPT_RECORD_ALL_DOWN] = { "all_down", SCOPE_RECORD,
	                          "\"primary\", \"hold\", \"dns\" or \"fail\"", NULL,
	                          "\"primary\"" },
	[OPT_RECORD_ISOLATION] = { "isolation", SCOPE_RECORD, "\"on\" or \"off\"", NULL, "\"on\"" },
	[OPT_RECORD_PORTS] = { "ports", SCOPE_RECORD, "list of integers", "1 to 16 entries",
	                       .min = 1, .max = CONFIG_PORTS_MAX },
	[OPT_RECORD_CONNECT] = { "connect", SCOPE_RECORD, "\"off\", \"retry\" or \"redirect\"",
	                         NULL, "\"off\"" },

	[OPT_ENDPOINT_ID] = { "id", SCOPE_ENDPOINT, "string of a-z, 0-9 and \"-\"",
	                      "1 to 63 characters", .min = 1, .max = SHUNT_ID_MAX },
	[OPT_ENDPOINT_ADDRESS] = { "address", SCOPE_ENDPOINT, "IP address or host name" },
	[OPT_ENDPOINT_ADDRESSES] = { "addresses", SCOPE_ENDPOINT,
	                             "list of IP addresses and host names", "1 to 16 entries",
	                             .min = 1, .max = SHUNT_ADDRESSES_MAX },
	[OPT_ENDPOINT_MIN_UP] = { "min_up", SCOPE_ENDPOINT, "integer", "1 to 16", "1", .min = 1,
	                          .max = SHUNT_ADDRESSES_MAX },
	[OPT_ENDPOINT_CHECK] = { "check", SCOPE_ENDPOINT, "name of a check, or a check" },
	[OPT_ENDPOINT_ALLOW_LOCAL] = { "allow_local", SCOPE_ENDPOINT, "boolean", NULL, "false" },
	[OPT_ENDPOINT_FAMILY] = { "family", SCOPE_ENDPOINT, "\"ipv4\", \"ipv6\" or \"any\"", NULL,
	                          "\"any\"" },

	[OPT_NOTIFY_COMMAND] = { "command", SCOPE_NOTIFY, "list of strings", "1 to 64 entries",
	                         .required = true, .min = 1, .max = 64 },
	[OPT_NOTIFY_EVENTS] = { "events", SCOPE_NOTIFY, "list of types of events",
	                        "1 to 32 entries", .min = 1, .max = 32 },
	[OPT_NOTIFY_TIMEOUT] = { "timeout", SCOPE_NOTIFY, "duration", "100ms to 10m", "\"30s\"",
	                         .min = 100, .max = 600 * SECONDS },

	[OPT_DOOR_CGROUP] = { "cgroup", SCOPE_DOOR, "path of a cgroup", "1 to 511 characters",
	                      .required = true, .min = 1, .max = SHUNT_DOOR_CGROUP_MAX - 1 },

	[OPTIONS] = { NULL },
};

_Static_assert(EVENT_TYPES <= 32,
               "a list of all types is within the words above, and a set within 32 bits");
_Static_assert(SHUNT_ENDPOINTS_MAX == 8 && SHUNT_ADDRESSES_MAX == 16 && SHUNT_ID_MAX == 63 &&
                       CHECK_OF_MAX == 255 && SHUNT_DOOR_CGROUP_MAX == 512 &&
                       CONFIG_DOORS_MAX == 16 && CONFIG_PORTS_MAX == 16,
               "the words above name these");
