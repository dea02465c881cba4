#include "door/gates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "door/cgroup.h"
#include "door/kernel.h"
#include "serve/allow.h"

/* --- one door --------------------------------------------------------------------------------- */

static void set_state(struct gate *gate, uint32_t state, const char *text)
{
	gate->state = state;
	if (text != gate->text)
		snprintf(gate->text, sizeof(gate->text), "%s", text);
}

static void detach(struct gate *gate)
{
	if (gate->door)
		kernel_detach(gate->door);
	gate->id = 0;
}

/* Fills `text` and returns false if the door must not be, whatever the kernel says. */
static bool is_fit(const struct gates *gates, const struct gate *gate,
                   char text[SHUNT_DOOR_TEXT_MAX])
{
	char daemon[CGROUP_PATH_MAX];

	if (!gates->root) {
		snprintf(text, SHUNT_DOOR_TEXT_MAX, "%s", CGROUP_NONE);
		return false;
	}
	if (!cgroup_of_process(gates->daemon, daemon)) {
		if (gate->id) /* it was fit; descriptors may be short, or the daemon is gone again */
			return true;
		snprintf(text, SHUNT_DOOR_TEXT_MAX, "cannot read which cgroup shuntd is in: %s",
		         strerror(errno));
		return false;
	}
	if (!cgroup_holds(gate->cgroup, daemon))
		return true;
	snprintf(text, SHUNT_DOOR_TEXT_MAX,
	         "it holds shuntd itself (%.128s), whose probes would go elsewhere; name a "
	         "cgroup beside it",
	         daemon);
	return false;
}

static void attach(struct gate *gate, int cgroup, uint64_t id)
{
	detach(gate);
	if (!kernel_attach(gate->door, cgroup, gate->text)) {
		set_state(gate, SHUNT_DOOR_REFUSED, gate->text);
		return;
	}
	gate->id = id;
	set_state(gate, SHUNT_DOOR_ATTACHED, "");
}

/*
 * The notice is asked for first: what is made afterwards is noticed, what was made before is found.
 */
static void await(const struct gates *gates, const struct gate *gate)
{
	char name[SHUNT_DOOR_CGROUP_MAX + 64];
	char parent[SHUNT_DOOR_CGROUP_MAX];

	snprintf(parent, sizeof(parent), "%s", gate->cgroup);
	*strrchr(parent, '/') = '\0';
	snprintf(name, sizeof(name), "%s%.*s/", gates->root,
	         (int)cgroup_existing(gates->root, parent), parent);
	inotify_add_watch(gates->notices, name,
	                  IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR);
}

/* The cgroup cannot be opened. That it is gone closes the door, a fault of this process does not. */
static void lack(struct gate *gate, int error)
{
	if (error == ENOENT) {
		detach(gate);
		set_state(gate, SHUNT_DOOR_WAITING, "there is no such cgroup now");
	} else if (!gate->id) {
		set_state(gate, SHUNT_DOOR_REFUSED, strerror(error));
	}
}

static void look(const struct gates *gates, struct gate *gate)
{
	uint64_t id = 0;
	int cgroup;

	if (!gate->door)
		return;
	await(gates, gate);
	cgroup = cgroup_open(gates->root, gate->cgroup, &id);
	if (cgroup < 0) {
		lack(gate, errno);
		return;
	}
	if (gate->id != id)
		attach(gate, cgroup, id);
	close(cgroup);
}

/* --- all of them ------------------------------------------------------------------------------ */

bool gates_init(struct gates *gates)
{
	*gates = (struct gates){ .root = cgroup_root() };
	gates->notices = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return gates->notices >= 0;
}

void gates_free(struct gates *gates)
{
	for (size_t i = 0; i < gates->count; i++)
		kernel_unload(gates->list[i].door);
	kernel_free(gates->kernel);
	free(gates->list);
	if (gates->notices >= 0)
		close(gates->notices);
	*gates = (struct gates){ .notices = -1 };
}

static struct gate *find(struct gates *gates, const char *cgroup)
{
	for (size_t i = 0; i < gates->count; i++) {
		if (strcmp(gates->list[i].cgroup, cgroup) == 0)
			return &gates->list[i];
	}
	return NULL;
}

/* Judged anew: what was refused may be fit now, and the other way round. */
static void judge(struct gates *gates, struct gate *gate)
{
	if (!is_fit(gates, gate, gate->text)) {
		detach(gate);
		kernel_unload(gate->door);
		gate->door = NULL;
		set_state(gate, SHUNT_DOOR_REFUSED, gate->text);
		return;
	}
	if (!gates->kernel)
		gates->kernel = kernel_new(gate->text);
	if (gates->kernel && !gate->door)
		gate->door = kernel_load(gates->kernel, gate->text);
	if (!gate->door)
		set_state(gate, SHUNT_DOOR_REFUSED, gate->text);
	else if (!gate->id)
		set_state(gate, SHUNT_DOOR_WAITING, "");
}

static void drop_unwanted(struct gates *gates)
{
	size_t kept = 0;

	for (size_t i = 0; i < gates->count; i++) {
		if (gates->list[i].wanted)
			gates->list[kept++] = gates->list[i];
		else
			kernel_unload(gates->list[i].door);
	}
	gates->count = kept;
}

bool gates_configure(struct gates *gates, const struct allow *allow, pid_t daemon)
{
	struct gate *list = reallocarray(gates->list, gates->count + allow_door_count(allow) + 1,
	                                 sizeof(struct gate));

	if (!list)
		return false;
	gates->list = list;
	gates->daemon = daemon;
	for (size_t i = 0; i < gates->count; i++)
		list[i].wanted = false;
	for (size_t i = 0; i < allow_door_count(allow); i++) {
		struct gate *gate = find(gates, allow_door(allow, i));

		if (!gate) {
			gate = &list[gates->count++];
			*gate = (struct gate){ 0 };
			snprintf(gate->cgroup, sizeof(gate->cgroup), "%s", allow_door(allow, i));
		}
		gate->wanted = true;
		judge(gates, gate);
	}
	drop_unwanted(gates);
	gates_look(gates);
	return true;
}

int gates_fd(const struct gates *gates)
{
	return gates->notices;
}

/* What the notices say does not matter: all is looked at. */
static void read_notices(const struct gates *gates)
{
	char notices[4096];

	while (read(gates->notices, notices, sizeof(notices)) > 0)
		;
}

void gates_look(struct gates *gates)
{
	read_notices(gates);
	for (size_t i = 0; i < gates->count; i++)
		look(gates, &gates->list[i]);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void make_reply(const struct gate *gate, struct shunt_door_reply *reply)
{
	uint64_t rewritten = gate->door ? kernel_rewritten(gate->door) : 0;

	*reply = (struct shunt_door_reply){ .version = SHUNT_DOOR_VERSION,
		                            .state = gate->state,
		                            .rewritten = { (uint32_t)rewritten,
		                                           (uint32_t)(rewritten >> 32) } };
	snprintf(reply->cgroup, sizeof(reply->cgroup), "%s", gate->cgroup);
	snprintf(reply->text, sizeof(reply->text), "%s", gate->text);
}

void gates_tell(struct gates *gates, bool all,
                void (*tell)(void *arg, const struct shunt_door_reply *reply), void *arg)
{
	for (size_t i = 0; i < gates->count; i++) {
		struct shunt_door_reply reply;

		make_reply(&gates->list[i], &reply);
		if (!all && memcmp(&reply, &gates->list[i].told, sizeof(reply)) == 0)
			continue;
		gates->list[i].told = reply;
		tell(arg, &reply);
	}
}
