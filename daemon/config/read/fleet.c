#include "config/read/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "config/file.h"
#include "config/name.h"
#include "config/read/ca.h"
#include "config/read/tls.h"
#include "policy/spread.h"

#define PASSWORD_FILE_MAX 4096u

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* --- members of etcd ------------------------------------------------------------------------- */

static bool is_port(const char *text)
{
	const size_t digits = strspn(text, "0123456789");
	const unsigned long port = strtoul(text, NULL, 10);

	return digits > 0 && digits <= 5 && !text[digits] && port >= 1 && port <= 65535;
}

/* `host` is a name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(const char *host, size_t length)
{
	char plain[ADDRESS_TEXT_MAX];
	struct address address;

	if (*host != '[') {
		snprintf(plain, sizeof(plain), "%.*s", (int)length, host);
		return (length < sizeof(plain) && address_parse(plain, &address) &&
		        address.family == SHUNT_FAMILY_IPV4) ||
		       !config_name_fault(host, length);
	}
	if (length < 2 || length > sizeof(plain) || host[length - 1] != ']')
		return false;
	snprintf(plain, sizeof(plain), "%.*s", (int)length - 2, host + 1);
	return address_parse(plain, &address) && address.family == SHUNT_FAMILY_IPV6 &&
	       address.scope_id == 0;
}

/* What is wrong with a member's URL, with the cure; NULL if nothing is. */
static const char *url_fault(const char *url)
{
	const char *host = strstr(url, "://"), *port;

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return "is no URL of http or https; write it as in \"https://10.0.0.1:2379\"";
	host += 3;
	if (strchr(host, '@'))
		return "has a user or a password in it; write user and password_file instead";
	if (host[strcspn(host, "/?#")])
		return "has something behind the port; remove it";
	port = strrchr(host, ':');
	if (!port || strchr(port, ']'))
		return "has no port; write the one of etcd's clients, as in "
		       "\"https://10.0.0.1:2379\"";
	if (!is_port(port + 1) || !is_host(host, (size_t)(port - host)))
		return "is no host and port; write it as in \"https://10.0.0.1:2379\"";
	return NULL;
}

static bool is_https(const char *url)
{
	return strncmp(url, "https", 5) == 0;
}

static bool read_members(const struct config_group *group, struct fleet_config *fleet)
{
	const struct tree *list = group->values[OPT_FLEET_ETCD];
	const char **members;

	if (!list)
		return config_fail_missing(group, OPT_FLEET_ETCD,
		                           "the members of etcd, as in etcd = [ "
		                           "\"https://10.0.0.1:2379\" ]");
	if (!config_value_list(group, OPT_FLEET_ETCD, &fleet->etcd_count))
		return false;
	members = arena_alloc(group->reader->arena, fleet->etcd_count, sizeof(*members));
	fleet->etcd = members;
	for (size_t i = 0; i < fleet->etcd_count; i++) {
		const struct tree *one = list->elements[i];
		const char *text = config_value_text(group->reader, one), *fault;

		if (!text)
			return false;
		fault = url_fault(text);
		/* What the URL has in it may be a password. */
		if (fault && strchr(text, '@'))
			return config_fail(group->reader, one, "%s", fault);
		if (fault)
			return config_fail(group->reader, one, "\"%.64s\" %s", text, fault);
		members[i] = arena_copy(group->reader->arena, text, strlen(text));
	}
	return true;
}

/* --- who this host is for etcd --------------------------------------------------------------- */

/* A file that only https has a use for. */
static bool needs_https(const struct config_group *group, enum option option,
                        const struct fleet_config *fleet)
{
	for (size_t i = 0; i < fleet->etcd_count; i++) {
		if (is_https(fleet->etcd[i]))
			return true;
	}
	return config_fail(group->reader, group->values[option],
	                   "is for https, and no member of etcd is asked by it; write https:// "
	                   "there, or remove this");
}

static bool read_ca(const struct config_group *group, struct fleet_config *fleet)
{
	const char *fault;

	if (!config_value_path(group, OPT_FLEET_CA_FILE, &fleet->ca_file))
		return false;
	if (!fleet->ca_file)
		return true;
	fault = config_ca_fault(fleet->ca_file);
	if (fault)
		return config_fail(group->reader, group->values[OPT_FLEET_CA_FILE],
		                   "cannot use %s: %s; name a readable file of PEM certificates",
		                   fleet->ca_file, fault);
	return needs_https(group, OPT_FLEET_CA_FILE, fleet);
}

static bool read_certificate(const struct config_group *group, struct fleet_config *fleet)
{
	return config_tls_read_pair(group, OPT_FLEET_CERT_FILE, OPT_FLEET_KEY_FILE,
	                            &fleet->cert_file, &fleet->key_file) &&
	       (!fleet->cert_file || needs_https(group, OPT_FLEET_CERT_FILE, fleet));
}

/* The first line of the file. */
static bool read_password(const struct config_group *group, struct fleet_config *fleet)
{
	const struct tree *value = group->values[OPT_FLEET_PASSWORD_FILE];
	const char *path, *why;
	size_t length;
	char *text;

	if (!config_value_path(group, OPT_FLEET_PASSWORD_FILE, &path))
		return false;
	text = config_file_read_secret(path, PASSWORD_FILE_MAX, &length, &why);
	if (!text)
		return config_fail(group->reader, value,
		                   "cannot use %s: %s; name a file with the password", path, why);
	fleet->password = arena_copy(group->reader->arena, text, strcspn(text, "\r\n"));
	explicit_bzero(text, length);
	free(text);
	return *fleet->password ||
	       config_fail(group->reader, value,
	                   "cannot use %s: its first line is empty; write the password there",
	                   path);
}

static bool refuse_plain(const struct config_group *group, const struct fleet_config *fleet)
{
	for (size_t i = 0; i < fleet->etcd_count; i++) {
		if (!is_https(fleet->etcd[i]))
			return config_fail(group->reader,
			                   group->values[OPT_FLEET_ETCD]->elements[i],
			                   "would get a password that everybody on the way can "
			                   "read; write https://, or remove user and "
			                   "password_file");
	}
	return true;
}

static bool read_user(const struct config_group *group, struct fleet_config *fleet)
{
	const struct tree *user = group->values[OPT_FLEET_USER];
	const struct tree *file = group->values[OPT_FLEET_PASSWORD_FILE];

	if (!config_value_string(group, OPT_FLEET_USER, &fleet->user))
		return false;
	if (user && !file)
		return config_fail_missing(group, OPT_FLEET_PASSWORD_FILE,
		                           "the file with the password of user");
	if (file && !user)
		return config_fail_missing(group, OPT_FLEET_USER,
		                           "the user of etcd whose password that is");
	return !user || (read_password(group, fleet) && refuse_plain(group, fleet));
}

/* --- who this host is for the others --------------------------------------------------------- */

static bool read_prefix(const struct config_group *group, struct fleet_config *fleet)
{
	const struct tree *value = group->values[OPT_FLEET_PREFIX];
	size_t length;

	if (!value)
		return config_fail_missing(group, OPT_FLEET_PREFIX,
		                           "where the fleet's keys are, as in prefix = "
		                           "\"/shunt/prod\"");
	if (!config_value_string(group, OPT_FLEET_PREFIX, &fleet->prefix))
		return false;
	length = strlen(fleet->prefix);
	if (*fleet->prefix != '/' || length < 2 || fleet->prefix[length - 1] == '/')
		return config_fail(group->reader, value,
		                   "\"%.64s\" must begin with \"/\" and not end with it; write it "
		                   "as in \"/shunt/prod\"",
		                   fleet->prefix);
	if (fleet->prefix[strspn(fleet->prefix, NAME_LETTERS "/")])
		return config_fail(group->reader, value,
		                   "\"%.64s\" has other characters than letters, digits, \"/\", "
		                   "\".\", \"_\" and \"-\"; write it as in \"/shunt/prod\"",
		                   fleet->prefix);
	return true;
}

static bool read_name(const struct config_group *group, enum option option, const char **out)
{
	if (!config_value_string(group, option, out))
		return false;
	if (!*out || !(*out)[strspn(*out, NAME_LETTERS)])
		return true;
	return config_fail(group->reader, group->values[option],
	                   "\"%.64s\" has other characters than letters, digits, \".\", \"_\" and "
	                   "\"-\"; write it without them",
	                   *out);
}

static bool read_site(const struct config_group *group, struct fleet_config *fleet)
{
	if (!group->values[OPT_FLEET_SITE])
		return config_fail_missing(group, OPT_FLEET_SITE,
		                           "where this host stands, as in site = \"fra-1\"");
	return read_name(group, OPT_FLEET_SITE, &fleet->site);
}

/* The name that the kernel has; "" if it is none that a key could have. */
static void own_name(char name[FLEET_NAME_MAX + 2])
{
	char found[FLEET_NAME_MAX + 2];
	const int status = gethostname(found, sizeof(found));

	found[FLEET_NAME_MAX + 1] = '\0'; /* one that is too long has no end */
	if (status != 0 || strlen(found) > FLEET_NAME_MAX || found[strspn(found, NAME_LETTERS)])
		found[0] = '\0';
	memcpy(name, found, sizeof(found));
}

static bool read_host(const struct config_group *group, struct fleet_config *fleet)
{
	char name[FLEET_NAME_MAX + 2];

	if (!read_name(group, OPT_FLEET_HOST, &fleet->host) || fleet->host)
		return fleet->host;
	own_name(name);
	fleet->host = arena_copy(group->reader->arena, name, strlen(name));
	return name[0] || config_fail_missing(group, OPT_FLEET_HOST,
	                                      "this host's name, since gethostname() gives none "
	                                      "that would do, as in host = \"db-7\"");
}

static bool read_lease(const struct config_group *group, struct fleet_config *fleet)
{
	uint32_t lease_ms;
	int lost;

	if (!config_value_duration(group, OPT_FLEET_LEASE, &lease_ms))
		return false;
	fleet->lease_seconds = lease_ms / 1000;
	if (lease_ms % 1000)
		return config_fail(group->reader, group->values[OPT_FLEET_LEASE],
		                   "is no whole number of seconds, which etcd's leases are; write "
		                   "\"%us\"",
		                   fleet->lease_seconds);
	if (!config_value_word(group, OPT_FLEET_ON_ETCD_LOST, etcd_lost_words, &lost))
		return false;
	group->reader->on_etcd_lost = (enum etcd_lost_option)lost;
	return true;
}

bool config_fleet_read(const struct config_group *file, struct config *config)
{
	const struct tree *setting = file->values[OPT_FILE_FLEET];
	struct config_reader *reader = file->reader;
	struct fleet_config *fleet;
	struct config_group group;

	if (!setting)
		return true;
	fleet = arena_alloc(reader->arena, 1, sizeof(*fleet));
	if (!config_group_open(reader, setting, SCOPE_FLEET, &group) ||
	    !read_members(&group, fleet) || !read_ca(&group, fleet) ||
	    !read_certificate(&group, fleet) || !read_user(&group, fleet) ||
	    !read_prefix(&group, fleet) || !read_site(&group, fleet) || !read_host(&group, fleet) ||
	    !read_lease(&group, fleet))
		return false;
	config->fleet = reader->fleet = fleet;
	return true;
}

/* --- records --------------------------------------------------------------------------------- */

/* "50%" */
static bool read_share(const struct config_group *group, unsigned *share)
{
	const struct config_option *row = &config_options[OPT_RECORD_SHARE];
	const struct tree *value = group->values[OPT_RECORD_SHARE];
	const char *text = row->value + 1;
	unsigned long number;
	size_t digits;

	if (value) {
		text = value->type == TREE_STRING ? value->text : "";
		digits = strspn(text, "0123456789");
		if (digits == 0 || digits > 3 || strcmp(text + digits, "%") != 0)
			return config_fail(group->reader, value,
			                   "is no percentage; write it as in \"50%%\"");
	}
	number = strtoul(text, NULL, 10);
	*share = (unsigned)number;
	if (number >= row->min && number <= row->max)
		return true;
	return config_fail(group->reader, value,
	                   number == 0 ? "0%% would take an endpoint down that nobody says is "
	                                 "down; write \"1%%\" to \"99%%\""
	                               : "is not to be exceeded; write \"1%%\" to \"99%%\", or "
	                                 "scope = \"unanimous\"");
}

/* An option that has no meaning in the record's scope. */
static bool refuse(const struct config_group *group, enum option option, const char *scopes)
{
	return !group->values[option] ||
	       config_fail(group->reader, group->values[option],
	                   "is for scope = %s; remove it, or write that", scopes);
}

static bool read_rule(const struct config_group *group, struct ballot_rule *rule)
{
	uint32_t sites;
	int scope;

	if (!config_value_word(group, OPT_RECORD_SCOPE, scope_words, &scope))
		return false;
	*rule = (struct ballot_rule){ .scope = (enum ballot_scope)scope };
	if (scope != BALLOT_LOCAL && !group->reader->fleet)
		return config_fail(
		        group->reader, group->values[OPT_RECORD_SCOPE],
		        "needs the other hosts, and there is no fleet; add fleet: { etcd "
		        "= [ \"https://...:2379\" ]; prefix = \"/shunt\"; site = "
		        "\"...\"; }, or write \"local\"");
	if (scope != BALLOT_QUORUM && !refuse(group, OPT_RECORD_SHARE, "\"quorum\""))
		return false;
	if (scope == BALLOT_LOCAL &&
	    !refuse(group, OPT_RECORD_SITES, "\"quorum\" or \"unanimous\""))
		return false;
	if (!read_share(group, &rule->share) ||
	    !config_value_integer(group, OPT_RECORD_SITES, &sites))
		return false;
	rule->sites = sites;
	return true;
}

static bool read_lost(const struct config_group *group, struct record_config *record)
{
	int lost = group->reader->on_etcd_lost;

	if (group->values[OPT_RECORD_ON_ETCD_LOST] &&
	    !config_value_word(group, OPT_RECORD_ON_ETCD_LOST, etcd_lost_words, &lost))
		return false;
	record->on_etcd_lost = (enum etcd_lost_option)lost;
	return true;
}

static void find_points(const struct config_reader *reader, struct record_config *record)
{
	char name[FLEET_NAME_MAX + 2];
	const char *host = name;

	if (reader->fleet)
		host = reader->fleet->host;
	else
		own_name(name);
	record->stagger_point_ms = spread_point_ms(host, record->name, record->stagger_ms);
	record->policy.jitter_ms = spread_point_ms(host, record->name, record->failback_jitter_ms);
}

bool config_fleet_read_record(const struct config_group *group, struct record_config *record)
{
	if (!read_rule(group, &record->rule))
		return false;
	if (record->rule.scope == BALLOT_LOCAL &&
	    (!refuse(group, OPT_RECORD_ON_ETCD_LOST, "\"quorum\" or \"unanimous\"") ||
	     !refuse(group, OPT_RECORD_STAGGER, "\"quorum\" or \"unanimous\"")))
		return false;
	if (record->rule.scope != BALLOT_LOCAL &&
	    !refuse(group, OPT_RECORD_FAILBACK_JITTER, "\"local\""))
		return false;
	if (!read_lost(group, record) ||
	    !config_value_duration(group, OPT_RECORD_STAGGER, &record->stagger_ms) ||
	    !config_value_duration(group, OPT_RECORD_FAILBACK_JITTER, &record->failback_jitter_ms))
		return false;
	find_points(group->reader, record);
	return true;
}
