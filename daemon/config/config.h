/*
 * A loaded configuration: created by config_load(), immutable afterwards.
 */
#ifndef SHUNT_CONFIG_CONFIG_H
#define SHUNT_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/address.h"
#include "policy/ballot.h"
#include "policy/election.h"
#include "policy/health.h"
#include "policy/reset.h"

#include "shunt/table.h"

#define CONFIG_PATH "/etc/shunt/shunt.conf"

#define CHECK_OF_MAX 255u /* checks that one is calculated from, through others too */

enum check_type {
	CHECK_HTTP,
	CHECK_HTTPS,
	CHECK_TCP,
	CHECK_TLS,
	CHECK_EXEC,
	CHECK_CALCULATED,
	CHECK_TYPES
};

/* As they are written; ends with NULL. */
extern const char *const check_type_words[CHECK_TYPES + 1];
extern const char *const failback_words[];
extern const char *const all_down_words[];
extern const char *const family_words[];    /* by enum endpoint_family */
extern const char *const isolation_words[]; /* by enum isolation_option */
extern const char *const reset_words[];     /* by enum reset_option */
extern const char *const connect_words[];   /* by enum connect_option */
extern const char *const scope_words[];     /* by enum ballot_scope */
extern const char *const etcd_lost_words[]; /* by enum etcd_lost_option */

struct status_range {
	uint16_t first; /* 100 to 599, inclusive */
	uint16_t last;
};

/* Sorted; ranges that touch are joined. */
struct status_list {
	const struct status_range *ranges;
	size_t count;
};

static inline bool config_status_has(const struct status_list *list, unsigned status)
{
	for (size_t i = 0; i < list->count; i++) {
		if (status >= list->ranges[i].first && status <= list->ranges[i].last)
			return true;
	}
	return false;
}

/* Strings are never NULL unless said. Durations are milliseconds. */
struct check {
	const char *name; /* in `checks`; NULL for a group of its own */
	enum check_type type;
	uint16_t port;
	const char *path; /* http: begins with '/' */
	const char *
	        host; /* NULL: the record's name. Host header, and SNI unless `sni` says otherwise */
	const char *method;         /* http */
	const char *const *headers; /* http: "Name: value" */
	size_t header_count;
	const char *
	        credentials; /* http: "user:password" for Basic authentication (RFC 7617); NULL: none */
	const struct status_range *expect_status;
	size_t expect_status_count;
	const char *expect_header; /* "Name" or "Name: text"; NULL: any headers will do */
	const char *expect_body;   /* NULL: the body is not read */
	uint32_t body_limit;       /* bytes of the body that are searched */
	bool tls_verify;
	const char *ca_file;          /* absolute; NULL: the system's store */
	const char *sni;              /* NULL: as `host` */
	const char *client_cert;      /* absolute; NULL: none */
	const char *client_key;       /* absolute; NULL with client_cert */
	uint32_t cert_warning;        /* before a certificate ends; 0: none */
	struct address source;        /* to connect from; family 0: the system's choice, or */
	const char *source_interface; /* this one; NULL: any */
	const char *const *
	        command; /* exec: the program's path, absolute, then what it is given, as written; ends with NULL */
	struct status_list pass_status; /* exec: exit statuses that pass */
	struct status_list none_status; /* exec: those that say nothing of the endpoint */
	const struct check *const *of;  /* calculated: at the same address; each has a name */
	size_t of_count;
	uint32_t at_least; /* calculated: so many of them must be up; 0: always healthy */
	bool invert;
	bool disabled;
	bool watch;        /* a connection is held, whose end starts probes */
	bool per_record;   /* what the probe does depends on who asks: the record's name, */
	bool per_endpoint; /* the endpoint's id */
	uint32_t interval;
	uint32_t fast_interval;
	uint32_t down_interval;
	uint32_t timeout;         /* over the whole probe */
	uint32_t connect_timeout; /* 0: none of its own */
	struct health_rules rules;
	const char *
	        key; /* all options that make the probe, in canonical form: equal keys, equal probes. Without
	                    `interval`, `fall`, `rise` it would share a schedule that differs, so they are in it */
};

/* Where an endpoint's addresses come from: a literal, or a name for the resolver. */
struct source {
	const char *name; /* as written, a final dot included; NULL: `address` is it */
	struct address address;
};

/* Which addresses an endpoint takes. */
enum endpoint_family { FAMILY_IPV4, FAMILY_IPV6, FAMILY_ANY };

struct endpoint_config {
	const char *id;            /* 1 to SHUNT_ID_MAX characters */
	const struct check *check; /* NULL: always healthy */
	const struct source *sources;
	uint32_t source_count; /* at least 1 */
	uint32_t min_up;       /* addresses that must be up for the endpoint to be */
	enum endpoint_family family;
	bool allow_local;
};

/* Whether failures count against this host when nothing beyond it answers. */
enum isolation_option { ISOLATION_ON, ISOLATION_OFF };

#define CONFIG_PORTS_MAX 16u /* ports of a record */

/* What the preloaded library does for connections to the record's addresses; values of the table. */
enum connect_option {
	CONNECT_OFF = SHUNT_CONNECT_OFF,
	CONNECT_RETRY = SHUNT_CONNECT_RETRY,
	CONNECT_REDIRECT = SHUNT_CONNECT_REDIRECT
};

/* What a host does for a record that several decide while it has no etcd. */
enum etcd_lost_option { ETCD_LOST_LOCAL, ETCD_LOST_HOLD };

struct record_config {
	const char *name; /* as spelled, without a final dot */
	const char *const *aliases;
	size_t alias_count;
	struct election_policy policy;
	enum isolation_option isolation;
	const uint16_t *ports; /* of the service: as written, else of the checks; sorted */
	size_t port_count;     /* 0: not known */
	enum connect_option connect;
	enum reset_option on_leave, on_return; /* not RESET_KEEP only where there are ports */
	struct ballot_rule rule; /* not BALLOT_LOCAL only with a fleet; then these two: */
	enum etcd_lost_option on_etcd_lost;
	uint32_t stagger_ms;                     /* as written, of all hosts; */
	uint32_t stagger_point_ms;               /* this host's point in it */
	uint32_t failback_jitter_ms;             /* as written; this host's point is in `policy` */
	const struct endpoint_config *endpoints; /* the primary first */
	size_t endpoint_count;                   /* 1 to SHUNT_ENDPOINTS_MAX */
};

/* A program to run for events. */
struct notify_config {
	const char *const
	        *command; /* the program's path, absolute, then its arguments; ends with NULL */
	uint32_t events;  /* the types to run it for: 1 << enum event_type */
	uint32_t timeout;
};

/* A cgroup whose connections go where the records answer. */
struct door_config {
	const char *cgroup; /* from the root of all cgroups */
};

#define CONFIG_DOORS_MAX 16u

/* How this host finds the others. */
struct fleet_config {
	const char *const *etcd; /* "https://10.0.0.1:2379": scheme, host and port, nothing else */
	size_t etcd_count;
	const char *ca_file;   /* absolute; NULL: the system's store */
	const char *cert_file; /* absolute; NULL: none */
	const char *key_file;  /* absolute; NULL with cert_file */
	const char *user;      /* NULL: none; else with `password`, a secret */
	const char *password;
	const char *prefix;     /* begins with '/', does not end with one */
	const char *site;       /* 1 to FLEET_NAME_MAX characters, as is */
	const char *host;       /* this host's name there */
	uint32_t lease_seconds; /* for how long its votes stand without it */
};

#define FLEET_NAME_MAX 63u
#define FLEET_MEMBERS_MAX 16u

struct resolver_address {
	struct address address;
	uint16_t port;
};

#define CONFIG_HINTS_MAX 16u

struct config {
	const char *path;      /* as given */
	const char *socket;    /* absolute */
	const char *control;   /* absolute */
	const char *state_dir; /* absolute; NULL in a private daemon */
	const char *user;      /* NULL: keep the user that started the daemon */
	const char *exec_user; /* NULL: not set */
	bool has_programs;     /* there is an exec check */
	const char *http;      /* NULL: none; else as written, "address:port", and: */
	struct resolver_address http_address;
	const char *const *http_hosts;
	size_t http_host_count;
	const struct resolver_address *resolvers;
	size_t resolver_count; /* 0: /etc/resolv.conf */
	uint32_t stale_limit;
	enum isolation_option isolation; /* off: applies to all records, whatever they specify */
	const char *reset_socket;        /* absolute */
	uint32_t reset_rate;             /* resets a second */
	bool has_resets;                 /* on_leave or on_return of a record is RESET_RESET */
	const struct notify_config *notify;
	size_t notify_count;
	const struct door_config *doors;
	size_t door_count;
	const char *door_socket;          /* absolute */
	const struct fleet_config *fleet; /* NULL: there is none */
	const struct record_config *records;
	size_t record_count;
	/*
	 * The places of these settings, for errors found at start. The file may be an included one. For a
	 * setting that is not given it is `path`, and the line is 0.
	 */
	unsigned socket_line, control_line, http_line, user_line, exec_user_line, state_dir_line,
	        records_line, reset_socket_line;
	const char *socket_file, *control_file, *http_file, *user_file, *exec_user_file,
	        *state_dir_file, *records_file, *reset_socket_file;
	const char *hints[CONFIG_HINTS_MAX + 1]; /* the first ones, a line each; then NULL */
	struct arena *arena;                     /* owns all of the above */
};

/* NULL is allowed. */
void config_free(struct config *config);

#endif
