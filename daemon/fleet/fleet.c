#include "fleet/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/event.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/printable.h"
#include "base/timer.h"
#include "config/name.h"
#include "event/event.h"
#include "fleet/commands.h"
#include "fleet/hosts.h"
#include "fleet/session.h"
#include "fleet/votes.h"

#include "shunt/version.h"

#define TOLD_MAX 64u /* names that are told of one by one */

struct fleet {
	struct event_base *base;
	struct fleet_user user;
	/* NULL: off. The rest is empty then. */
	struct session *session;
	struct fleet_config *config; /* copied, in `arena` */
	struct arena *arena;
	struct fleet_counts counts;
	char id[VALUE_ID_LENGTH + 1]; /* of this run */
	struct votes votes;
	bool isolated;
	struct hosts hosts;
	struct commands orders;
	/* What the user is to be told of in the next iteration: these names, or all. */
	struct event *tell;
	char *told[TOLD_MAX];
	size_t told_count;
	bool told_all;
	enum fleet_state told_state;
	bool told_taken;
	struct event *expiry; /* orders end by this host's clock while etcd is lost */
	struct log_throttle malformed, left_out;
};

const char *fleet_state_word(enum fleet_state state)
{
	static const char *const words[FLEET_STATES] = { "off", "joining", "synced", "lost" };

	return words[state];
}

/* --- telling the user ------------------------------------------------------------------------- */

static void tell_later(struct fleet *fleet)
{
	if (fleet->tell)
		event_active(fleet->tell, EV_TIMEOUT, 0);
}

static void forget_names(struct fleet *fleet)
{
	while (fleet->told_count > 0)
		free(fleet->told[--fleet->told_count]);
}

static void note_all(struct fleet *fleet)
{
	fleet->told_all = true;
	forget_names(fleet);
	tell_later(fleet);
}

static void note_name(void *arg, const char *record)
{
	struct fleet *fleet = arg;

	for (size_t i = 0; i < fleet->told_count; i++) {
		if (strcasecmp(fleet->told[i], record) == 0)
			return;
	}
	if (fleet->told_all)
		return;
	if (fleet->told_count == TOLD_MAX) {
		note_all(fleet);
		return;
	}
	fleet->told[fleet->told_count++] = memory_strdup(record);
	tell_later(fleet);
}

static void announce(const struct fleet *fleet, enum fleet_state from, const char *reason)
{
	struct fleet_link link;

	fleet_link(fleet, &link);
	event_emit(&(struct event_record){ .type = EVENT_FLEET,
	                                   .from = fleet_state_word(from),
	                                   .to = fleet_state_word(link.state),
	                                   .reason = reason });
}

static void announce_state(struct fleet *fleet)
{
	const enum fleet_state from = fleet->told_state;
	struct fleet_link link;
	char reason[FLEET_ERROR_MAX];

	fleet_link(fleet, &link);
	if (link.state == from)
		return;
	fleet->told_state = link.state;
	if (link.state == FLEET_SYNCED)
		snprintf(reason, sizeof(reason), "%s: %zu %s", link.member, fleet->hosts.count,
		         fleet->hosts.count == 1 ? "host" : "hosts");
	else
		snprintf(reason, sizeof(reason), "%s", link.error ? link.error : link.member);
	announce(fleet, from, reason);
}

static void announce_taken(struct fleet *fleet)
{
	struct fleet_link link;
	char reason[FLEET_ERROR_MAX];

	fleet_link(fleet, &link);
	if (link.name_taken == fleet->told_taken)
		return;
	fleet->told_taken = link.name_taken;
	if (link.name_taken)
		snprintf(reason, sizeof(reason),
		         "another host is called %s: this one has no vote; write another host = "
		         "\"...\"",
		         link.host);
	else
		snprintf(reason, sizeof(reason), "no other host is called %s", link.host);
	announce(fleet, link.state, reason);
}

/* Orders end with their leases; by this host's clock only while etcd is lost. */
static void arm_expiry(struct fleet *fleet)
{
	const time_t now = time(NULL), next = commands_next_end(&fleet->orders, now);

	if (next)
		timer_arm(fleet->expiry, (uint64_t)(next - now) * 1000 + 10);
	else
		event_del(fleet->expiry);
}

static void on_tell(evutil_socket_t fd, short what, void *arg)
{
	struct fleet *fleet = arg;
	char *names[TOLD_MAX];
	const size_t count = fleet->told_count;
	const bool all = fleet->told_all;

	(void)fd;
	(void)what;
	memcpy(names, fleet->told, count * sizeof(*names));
	fleet->told_count = 0;
	fleet->told_all = false;
	arm_expiry(fleet);
	announce_state(fleet);
	announce_taken(fleet);
	if (all)
		fleet->user.changed(fleet->user.arg, NULL);
	for (size_t i = 0; i < count; i++) {
		fleet->user.changed(fleet->user.arg, names[i]);
		free(names[i]);
	}
}

/* --- keys ------------------------------------------------------------------------------------- */

static void malformed(void *arg, size_t count)
{
	struct fleet *fleet = arg;

	fleet->counts.malformed += count;
}

/* The text is from outside. */
static void refuse_key(struct fleet *fleet, const char *key)
{
	char name[128];

	malformed(fleet, 1);
	if (!log_throttle_pass(&fleet->malformed, clock_ms()))
		return;
	printable_clean(name, sizeof(name), key);
	log_warning("fleet: the value of %s in etcd is not of a form that is known, and is ignored",
	            name);
}

static void see_host(struct fleet *fleet, const char *name, const struct reply_key *key)
{
	struct value_host *host;

	if (key->deleted) {
		hosts_remove(&fleet->hosts, name);
		return;
	}
	host = value_is_name(name) ? value_host_parse(key->value, key->length) : NULL;
	if (!host || !hosts_put(&fleet->hosts, name, host)) {
		hosts_remove(&fleet->hosts, name);
		refuse_key(fleet, key->key);
	}
}

static bool concerns(const struct fleet *fleet, const struct fleet_order *order)
{
	for (size_t i = 0; i < order->host_count; i++) {
		if (strcmp(order->hosts[i], fleet->config->host) == 0)
			return true;
	}
	return order->host_count == 0;
}

static void on_expiry(evutil_socket_t fd, short what, void *arg)
{
	struct fleet *fleet = arg;

	(void)fd;
	(void)what;
	note_all(fleet);
}

static void see_order(struct fleet *fleet, const char *record, const struct reply_key *key)
{
	struct value_order *order;

	if (key->deleted) {
		commands_remove(&fleet->orders, record);
		return;
	}
	order = config_name_fault(record, strlen(record)) || strlen(record) > SHUNT_NAME_MAX
	                ? NULL
	                : value_order_parse(key->value, key->length);
	if (order)
		order->order.here = concerns(fleet, &order->order);
	if (!order || !commands_put(&fleet->orders, record, order)) {
		commands_remove(&fleet->orders, record);
		refuse_key(fleet, key->key);
	}
}

/* The rest of the key behind the prefix and that folder; NULL if it is not in it. */
static const char *within(const struct fleet *fleet, const char *key, const char *folder)
{
	const size_t prefix = strlen(fleet->config->prefix), length = strlen(folder);

	if (strncmp(key, fleet->config->prefix, prefix) != 0 ||
	    strncmp(key + prefix, folder, length) != 0)
		return NULL;
	return key + prefix + length;
}

static void see_key(void *arg, const struct reply_key *key)
{
	struct fleet *fleet = arg;
	const char *host = within(fleet, key->key, "/hosts/");
	const char *record = within(fleet, key->key, "/orders/");

	if (host)
		see_host(fleet, host, key);
	else if (record)
		see_order(fleet, record, key);
}

static void begin(void *arg)
{
	struct fleet *fleet = arg;

	hosts_begin(&fleet->hosts);
	commands_begin(&fleet->orders);
}

static void end(void *arg)
{
	struct fleet *fleet = arg;

	hosts_end(&fleet->hosts);
	commands_end(&fleet->orders);
}

/* --- this host -------------------------------------------------------------------------------- */

static bool is_own(void *arg, const struct reply_key *key)
{
	const struct fleet *fleet = arg;
	struct value_host *host = value_host_parse(key->value, key->length);
	const bool own = host && strcmp(host->id, fleet->id) == 0;

	value_host_free(host);
	return own;
}

static char *own_value(void *arg)
{
	struct fleet *fleet = arg;
	struct value_host host = { .site = fleet->config->site,
		                   .version = SHUNT_VERSION,
		                   .isolated = fleet->isolated,
		                   .votes = fleet->votes.list,
		                   .count = fleet->votes.count };
	size_t left_out;
	char *text;

	memcpy(host.id, fleet->id, sizeof(host.id));
	text = value_host_format(&host, &left_out);
	if (left_out && log_throttle_pass(&fleet->left_out, clock_ms()))
		log_warning("fleet: %zu records have no vote of this host, since all of them are "
		            "more than %u bytes; give fewer records a scope",
		            left_out, VALUE_MAX);
	return text;
}

static void state_changed(void *arg)
{
	note_all(arg);
}

static void make_id(char id[VALUE_ID_LENGTH + 1])
{
	unsigned char bytes[VALUE_ID_LENGTH / 2];

	evutil_secure_rng_get_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

/* --- configurations --------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_config(const struct fleet_config *a, const struct fleet_config *b)
{
	bool same = a->etcd_count == b->etcd_count && same_text(a->ca_file, b->ca_file) &&
	            same_text(a->cert_file, b->cert_file) && same_text(a->key_file, b->key_file) &&
	            same_text(a->user, b->user) && same_text(a->password, b->password) &&
	            same_text(a->prefix, b->prefix) && same_text(a->site, b->site) &&
	            same_text(a->host, b->host) && a->lease_seconds == b->lease_seconds;

	for (size_t i = 0; i < a->etcd_count && same; i++)
		same = same_text(a->etcd[i], b->etcd[i]);
	return same;
}

static const char *copy_text(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

static struct fleet_config *copy_config(struct arena *arena, const struct fleet_config *from)
{
	struct fleet_config *to = arena_alloc(arena, 1, sizeof(*to));
	const char **etcd = arena_alloc(arena, from->etcd_count, sizeof(*etcd));

	*to = *from;
	for (size_t i = 0; i < from->etcd_count; i++)
		etcd[i] = copy_text(arena, from->etcd[i]);
	to->etcd = etcd;
	to->ca_file = copy_text(arena, from->ca_file);
	to->cert_file = copy_text(arena, from->cert_file);
	to->key_file = copy_text(arena, from->key_file);
	to->user = copy_text(arena, from->user);
	to->password = copy_text(arena, from->password);
	to->prefix = copy_text(arena, from->prefix);
	to->site = copy_text(arena, from->site);
	to->host = copy_text(arena, from->host);
	return to;
}

/* With `leave`, what this host has in etcd goes at once, which may take a moment. */
static void stop(struct fleet *fleet, bool leave)
{
	if (!fleet->config)
		return;
	if (fleet->session)
		session_free(fleet->session, leave);
	fleet->session = NULL;
	event_free(fleet->tell);
	event_free(fleet->expiry);
	fleet->tell = fleet->expiry = NULL;
	forget_names(fleet);
	hosts_free(&fleet->hosts);
	commands_free(&fleet->orders);
	if (fleet->config->password)
		explicit_bzero((char *)fleet->config->password, strlen(fleet->config->password));
	arena_free(fleet->arena);
	fleet->arena = NULL;
	fleet->config = NULL;
	fleet->told_all = fleet->told_taken = false;
	fleet->told_state = FLEET_OFF;
}

static struct event *timer(struct fleet *fleet, event_callback_fn run)
{
	struct event *event = event_new(fleet->base, -1, 0, run, fleet);

	if (!event)
		log_fatal("out of memory");
	return event;
}

static void start(struct fleet *fleet, const struct fleet_config *config)
{
	const struct session_user user = { .begin = begin,
		                           .key = see_key,
		                           .end = end,
		                           .malformed = malformed,
		                           .is_own = is_own,
		                           .own = own_value,
		                           .changed = state_changed,
		                           .arg = fleet };

	fleet->arena = arena_new();
	fleet->config = copy_config(fleet->arena, config);
	fleet->hosts = (struct hosts){ .changed = note_name, .arg = fleet };
	fleet->orders = (struct commands){ .changed = note_name, .arg = fleet };
	fleet->tell = timer(fleet, on_tell);
	fleet->expiry = timer(fleet, on_expiry);
	fleet->told_state = FLEET_JOINING;
	fleet->session = session_new(fleet->base, fleet->config, &user, &fleet->counts);
	if (fleet->session)
		return;
	log_error("the fleet cannot be joined, for lack of memory or descriptors; reload the "
	          "configuration when there are some");
	stop(fleet, false);
}

/*
 * The key of a session that ends here stays. The next one takes it over, which is of the same run: others
 * do not see the vote go and come, and decide without it meanwhile. Any other goes with its lease.
 */
void fleet_configure(struct fleet *fleet, const struct config *config)
{
	if (!fleet)
		return;
	if (fleet->session && (!config->fleet || !same_config(fleet->config, config->fleet)))
		stop(fleet, false);
	if (!fleet->session && config->fleet)
		start(fleet, config->fleet);
	if (votes_keep(&fleet->votes, config) && fleet->session)
		session_write(fleet->session);
}

struct fleet *fleet_new(struct event_base *base, const struct fleet_user *user)
{
	struct fleet *fleet = memory_calloc(1, sizeof(*fleet));

	fleet->base = base;
	fleet->user = *user;
	make_id(fleet->id);
	return fleet;
}

void fleet_free(struct fleet *fleet)
{
	if (!fleet)
		return;
	stop(fleet, true);
	votes_free(&fleet->votes);
	free(fleet);
}

void fleet_link(const struct fleet *fleet, struct fleet_link *link)
{
	if (fleet && fleet->session)
		session_link(fleet->session, link);
	else
		*link = (struct fleet_link){ .state = FLEET_OFF };
}

/* --- votes ------------------------------------------------------------------------------------ */

void fleet_vote(struct fleet *fleet, const struct fleet_vote *vote)
{
	if (fleet && fleet->session && votes_set(&fleet->votes, vote, time(NULL)))
		session_write(fleet->session);
}

void fleet_isolated(struct fleet *fleet, bool isolated)
{
	if (!fleet || fleet->isolated == isolated)
		return;
	fleet->isolated = isolated;
	if (fleet->session)
		session_write(fleet->session);
}

void fleet_ballot(const struct fleet *fleet, const char *record, const char *const *ids,
                  size_t count, const struct ballot_rule *rule, struct ballot_result *result)
{
	if (fleet && fleet->session)
		hosts_ballot(&fleet->hosts, record, ids, count, rule, result);
	else
		ballot_count(rule, NULL, 0, count, result);
}

/* --- orders ----------------------------------------------------------------------------------- */

static bool is_over(const struct fleet *fleet, const struct fleet_order *order)
{
	struct fleet_link link;

	fleet_link(fleet, &link);
	return link.state == FLEET_LOST && order->until && order->until <= time(NULL);
}

const struct fleet_order *fleet_order(const struct fleet *fleet, const char *record)
{
	const struct fleet_order *order =
	        fleet && fleet->session ? commands_find(&fleet->orders, record) : NULL;

	return order && !is_over(fleet, order) ? order : NULL;
}

static bool say(char error[FLEET_ERROR_MAX], const char *text)
{
	snprintf(error, FLEET_ERROR_MAX, "%s", text);
	return false;
}

static bool check_hosts(const struct fleet_command *command, char error[FLEET_ERROR_MAX])
{
	if (command->host_count > FLEET_ORDER_HOSTS_MAX ||
	    !command->hosts != (command->host_count == 0))
		return say(error, "an order is for all hosts, or names 1 to 2000");
	for (size_t i = 0; i < command->host_count; i++) {
		if (!value_is_name(command->hosts[i]))
			return say(error, "a host's name has other characters than letters, "
			                  "digits, \".\", \"_\" and \"-\"");
	}
	return true;
}

static bool send_order(struct fleet *fleet, const char *record, const struct fleet_order *order,
                       uint32_t seconds, fleet_done *done, void *arg, char error[FLEET_ERROR_MAX])
{
	char key[SHUNT_NAME_MAX + 16];
	char *value;
	bool sent;

	if (strlen(record) > SHUNT_NAME_MAX || config_name_fault(record, strlen(record)))
		return say(error, "that is no name of a record");
	snprintf(key, sizeof(key), "orders/%s", record);
	value = value_order_format(order);
	sent = session_order(fleet->session, key, value, seconds, done, arg, error);
	free(value);
	return sent;
}

static void fill_by(const struct fleet *fleet, const char *by, struct fleet_order *order)
{
	char text[FLEET_BY_MAX];

	snprintf(text, sizeof(text), "%.40s@%s", by, fleet->config->host);
	printable_clean(order->by, sizeof(order->by), text);
}

bool fleet_order_set(struct fleet *fleet, const struct fleet_command *command, fleet_done *done,
                     void *arg, struct fleet_order *given, char error[FLEET_ERROR_MAX])
{
	const uint32_t seconds = command->for_ms ? (command->for_ms + 999) / 1000 : 0;
	const uint32_t least = seconds == 1 ? 2 : seconds;
	struct fleet_order order = { .since = time(NULL),
		                     .hosts = command->hosts,
		                     .host_count = command->host_count };

	if (!fleet || !fleet->session)
		return say(error, "there is no fleet; write fleet: { ... } into the configuration");
	if (strlen(command->endpoint) > SHUNT_ID_MAX || !*command->endpoint)
		return say(error, "that is no id of an endpoint");
	if (!check_hosts(command, error))
		return false;
	memcpy(order.endpoint, command->endpoint, strlen(command->endpoint) + 1);
	fill_by(fleet, command->by, &order);
	printable_clean(order.reason, sizeof(order.reason), command->reason ? command->reason : "");
	order.until = least ? order.since + (time_t)least : 0;
	*given = order;
	return send_order(fleet, command->record, given, least, done, arg, error);
}

bool fleet_order_end(struct fleet *fleet, const char *record, const char *by, fleet_done *done,
                     void *arg, char error[FLEET_ERROR_MAX])
{
	struct fleet_order order = { .since = time(NULL) };

	if (!fleet || !fleet->session)
		return say(error, "there is no fleet; write fleet: { ... } into the configuration");
	fill_by(fleet, by, &order);
	order.until = order.since + FLEET_RELEASE_S;
	return send_order(fleet, record, &order, FLEET_RELEASE_S, done, arg, error);
}

void fleet_order_forget(struct fleet *fleet, const void *arg)
{
	if (fleet && fleet->session)
		session_forget(fleet->session, arg);
}

/* --- readers ---------------------------------------------------------------------------------- */

size_t fleet_host_count(const struct fleet *fleet)
{
	return fleet ? fleet->hosts.count : 0;
}

void fleet_host(const struct fleet *fleet, size_t index, struct fleet_host *host)
{
	const struct hosts_host *from = fleet->hosts.list[index];

	*host = (struct fleet_host){ .name = from->name,
		                     .site = from->value->site,
		                     .version = from->value->version,
		                     .isolated = from->value->isolated,
		                     .self = strcmp(from->value->id, fleet->id) == 0 };
}

bool fleet_host_vote(const struct fleet *fleet, size_t index, const char *record,
                     struct fleet_host_vote *vote)
{
	const struct fleet_host_vote *from =
	        value_host_find(fleet->hosts.list[index]->value, record);

	if (from)
		*vote = *from;
	return from;
}

void fleet_counts(const struct fleet *fleet, struct fleet_counts *counts)
{
	*counts = fleet ? fleet->counts : (struct fleet_counts){ 0 };
}
