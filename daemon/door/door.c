#include "door/door.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/printable.h"
#include "base/timer.h"
#include "config/config.h"
#include "door/helper.h"
#include "door/plan.h"
#include "door/refusal.h"
#include "event/event.h"
#include "publish/publish.h"

#ifndef SHUNT_HAS_DOOR
#define SHUNT_HAS_DOOR 0
#endif
#define SHARE 20u /* a plan may take one part in so many of the loop's time */

struct one {
	char *cgroup;
	enum door_state state;
	char reason[SHUNT_DOOR_TEXT_MAX];
	uint64_t rewritten;
};

struct door {
	struct event_base *base;
	struct helper *helper;
	struct helper_owner owner;
	const struct config *config;
	const struct publish *table;
	struct one *list;
	size_t count;
	bool settled;
	bool announced;     /* SHUNT_DOOR_COMMIT was sent */
	bool has_last_word; /* the helper said why it closes the connection */
	struct plan sent;   /* what the helper has, or will have */
	struct event *update;
	bool due;
	uint64_t not_before_us;
};

/* --- states ----------------------------------------------------------------------------------- */

const char *door_state_word(enum door_state state)
{
	static const char *const words[DOOR_STATES] = { [DOOR_UNSERVED] = "unserved",
		                                        [DOOR_WAITING] = "waiting",
		                                        [DOOR_ATTACHED] = "attached",
		                                        [DOOR_REFUSED] = "refused" };

	return words[state];
}

static void set_state(struct one *one, enum door_state state, const char *reason)
{
	const enum door_state before = one->state;
	char text[SHUNT_DOOR_CGROUP_MAX + SHUNT_DOOR_TEXT_MAX + 2];

	printable_clean(one->reason, sizeof(one->reason), reason);
	one->state = state;
	if (state == before)
		return;
	snprintf(text, sizeof(text), "%s%s%s", one->cgroup, *one->reason ? ": " : "", one->reason);
	event_emit(&(struct event_record){ .type = EVENT_DOOR,
	                                   .from = door_state_word(before),
	                                   .to = door_state_word(state),
	                                   .reason = text });
}

static void set_all(struct door *door, enum door_state state, const char *reason)
{
	for (size_t i = 0; i < door->count; i++)
		set_state(&door->list[i], state, reason);
}

/* --- the map ---------------------------------------------------------------------------------- */

static void make_plan(const struct door *door, struct plan *plan)
{
	struct publish_endpoint endpoints[SHUNT_ENDPOINTS_MAX];

	for (size_t i = 0; i < door->config->record_count; i++) {
		const struct record_config *config = &door->config->records[i];
		struct plan_record record = { .ports = config->ports,
			                      .port_count = config->port_count,
			                      .endpoints = endpoints };

		if (config->port_count == 0)
			continue;
		record.answer = publish_read(door->table, i, endpoints, &record.endpoint_count);
		plan_record(plan, &record);
	}
	plan_finish(plan);
}

static void send_difference(struct door *door)
{
	struct plan plan = { 0 };
	struct shunt_door_change *changes;
	size_t count;

	make_plan(door, &plan);
	changes = plan_difference(&door->sent, &plan, &count);
	plan_free(&door->sent);
	door->sent = plan;
	helper_change(door->helper, changes, count);
	free(changes);
	if (!door->announced)
		helper_commit(door->helper);
	door->announced = true;
}

static void update(evutil_socket_t fd, short what, void *arg)
{
	struct door *door = arg;
	const uint64_t begin_us = clock_us();

	(void)fd;
	(void)what;
	door->due = false;
	if (!door->settled || !helper_is_connected(door->helper) || door->count == 0)
		return;
	send_difference(door);
	door->not_before_us = clock_us() + SHARE * (clock_us() - begin_us);
}

/* At the end of this turn, or later if plans take too much of the loop's time. */
static void update_soon(struct door *door)
{
	const uint64_t now_us = clock_us();

	if (door->due || door->count == 0)
		return;
	door->due = true;
	timer_arm_us(door->update, door->not_before_us > now_us ? door->not_before_us - now_us : 0);
}

/* --- the helper ------------------------------------------------------------------------------- */

static void begin(struct door *door)
{
	plan_free(&door->sent);
	door->announced = false;
	door->has_last_word = false;
	helper_begin(door->helper);
	update_soon(door);
}

static void on_connected(void *arg)
{
	begin(arg);
}

static void on_lost(void *arg, const char *why)
{
	struct door *door = arg;

	plan_free(&door->sent);
	if (!door->has_last_word)
		set_all(door, DOOR_UNSERVED, why);
	door->has_last_word = false;
}

static struct one *find(struct door *door, const char *cgroup)
{
	for (size_t i = 0; i < door->count; i++) {
		if (strcmp(door->list[i].cgroup, cgroup) == 0)
			return &door->list[i];
	}
	return NULL;
}

static enum door_state state_of(const struct shunt_door_reply *reply)
{
	switch (reply->state) {
	case SHUNT_DOOR_ATTACHED: return DOOR_ATTACHED;
	case SHUNT_DOOR_WAITING: return DOOR_WAITING;
	default: return DOOR_REFUSED;
	}
}

static void on_told(void *arg, const struct shunt_door_reply *reply)
{
	struct door *door = arg;
	struct one *one = find(door, reply->cgroup);

	if (!*reply->cgroup) {
		door->has_last_word = true;
		set_all(door, DOOR_REFUSED, reply->text);
	} else if (one) {
		one->rewritten = (uint64_t)reply->rewritten[1] << 32 | reply->rewritten[0];
		set_state(one, state_of(reply), reply->text);
	}
}

/* --- start, reload, end ----------------------------------------------------------------------- */

struct door *door_new(struct event_base *base)
{
	struct door *door = memory_calloc(1, sizeof(*door));

	door->base = base;
	door->owner = (struct helper_owner){ on_connected, on_lost, on_told, door };
	door->helper = helper_new(base, &door->owner);
	door->update = evtimer_new(base, update, door);
	if (!door->update)
		log_fatal("out of memory");
	return door;
}

static void free_list(struct one *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].cgroup);
	free(list);
}

void door_free(struct door *door)
{
	if (!door)
		return;
	helper_free(door->helper);
	event_free(door->update);
	plan_free(&door->sent);
	free_list(door->list, door->count);
	free(door);
}

/* Doors that stay keep their state. */
static void build_list(struct door *door)
{
	struct one *old = door->list;
	const size_t old_count = door->count;
	struct one *list = memory_calloc(door->config->door_count + 1, sizeof(*list));

	for (size_t i = 0; i < door->config->door_count; i++) {
		const struct one *same = find(door, door->config->doors[i].cgroup);

		if (same)
			list[i] = *same;
		list[i].cgroup = memory_strdup(door->config->doors[i].cgroup);
	}
	door->list = list;
	door->count = door->config->door_count;
	free_list(old, old_count);
}

/* A helper that is connected reads the configuration again, and so learns that no door is left. */
void door_configure(struct door *door, const struct config *config, const struct publish *table)
{
	if (!door)
		return;
	door->config = config;
	door->table = table;
	build_list(door);
	if (helper_is_connected(door->helper))
		begin(door);
	if (door->count > 0)
		helper_open(door->helper, config->door_socket);
	else
		helper_close(door->helper);
}

void door_settle(struct door *door)
{
	if (!door)
		return;
	door->settled = true;
	update_soon(door);
}

void door_changed(struct door *door)
{
	if (door)
		update_soon(door);
}

/* --- for readers ------------------------------------------------------------------------------ */

size_t door_count(const struct door *door)
{
	return door ? door->count : 0;
}

void door_read(const struct door *door, size_t index, struct door_view *out)
{
	const struct one *one = &door->list[index];

	*out = (struct door_view){ .cgroup = one->cgroup,
		                   .state = one->state,
		                   .reason = *one->reason ? one->reason : NULL,
		                   .rewritten = one->rewritten };
}

size_t door_entries(const struct door *door)
{
	return door ? door->sent.count : 0;
}

const char *door_hint(const struct config *config, char text[DOOR_HINT_MAX])
{
	char why[SHUNT_DOOR_TEXT_MAX];
	size_t ports = 0;

	for (size_t i = 0; i < config->record_count; i++)
		ports += config->records[i].port_count;
	if (config->door_count == 0)
		return NULL;
	if (!SHUNT_HAS_DOOR)
		snprintf(text, DOOR_HINT_MAX,
		         "door: this build has none: it was made without clang or libbpf");
	else if (!refusal_expects_none(why))
		snprintf(text, DOOR_HINT_MAX, "door: %s", why);
	else if (ports == 0)
		snprintf(text, DOOR_HINT_MAX,
		         "door: no record has ports, so it leads nothing; write ports = [ 443 ]");
	else
		return NULL;
	return text;
}
