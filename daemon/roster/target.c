#include "roster/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/memory.h"
#include "connection/watch.h"
#include "roster/calculated.h"
#include "state/format.h"

#define BUCKETS_MIN 64u

/* Instead of a text that there was no memory for. */
static const char lost_error[] = "it failed, and there was no memory for the reason";

bool target_is_remote(const struct target *target)
{
	return !target->targets->kinds[target->subject.check->type]->off_network &&
	       !address_is_loopback(&target->subject.address);
}

struct target *target_of_site(struct host_site *site)
{
	return (struct target *)((char *)site - offsetof(struct target, site));
}

static uint32_t probe_ended(const struct probe_subject *subject, const struct probe_result *result)
{
	struct target *target =
	        (struct target *)((char *)subject - offsetof(struct target, subject));

	return target->targets->verdict(target->targets->arg, target, result);
}

void targets_init(struct targets *targets, struct prober *prober,
                  const struct probe_kind *const *kinds, struct host_fault *host_fault,
                  target_verdict *verdict, void *arg)
{
	*targets = (struct targets){ .prober = prober,
		                     .kinds = kinds,
		                     .host_fault = host_fault,
		                     .verdict = verdict,
		                     .arg = arg };
	prober_tell(prober, probe_ended);
}

static struct probe_asker effective_asker(const struct check *check, struct probe_asker asker)
{
	if (check->host)
		asker.host = check->host;
	else if (!check->per_record)
		asker.host = "";
	if (!check->per_endpoint)
		asker.endpoint = "";
	return asker;
}

/* The host of an asker is a name, in any case. */
static const char *lower(const char *host, char text[SHUNT_NAME_MAX + 1])
{
	size_t i = 0;

	for (; i < SHUNT_NAME_MAX && host[i]; i++)
		text[i] = (char)shunt_lower((unsigned char)host[i]);
	text[i] = '\0';
	return text;
}

static uint64_t make_key(const struct probe_subject *subject)
{
	char address[ADDRESS_TEXT_MAX], host[SHUNT_NAME_MAX + 1];
	const char *const parts[] = { address_format(&subject->address, address),
		                      lower(subject->asker.host, host), subject->asker.endpoint,
		                      subject->check->key };

	return format_key(parts, sizeof(parts) / sizeof(parts[0]));
}

/* Two checks with one key make the same probe. */
static bool is_same(const struct probe_subject *a, const struct probe_subject *b)
{
	return address_compare(&a->address, &b->address) == 0 &&
	       strcasecmp(a->asker.host, b->asker.host) == 0 &&
	       strcmp(a->asker.endpoint, b->asker.endpoint) == 0 &&
	       strcmp(a->check->key, b->check->key) == 0;
}

static struct target **bucket(const struct targets *targets, uint64_t key)
{
	return &targets->buckets[key & (targets->bucket_count - 1)];
}

static void grow(struct targets *targets)
{
	struct target **old = targets->buckets;
	size_t old_count = targets->bucket_count;

	targets->bucket_count = old_count ? 2 * old_count : BUCKETS_MIN;
	targets->buckets = memory_calloc(targets->bucket_count, sizeof(*targets->buckets));
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct target *target = old[i];
			struct target **head = bucket(targets, target->key);

			old[i] = target->next;
			target->next = *head;
			*head = target;
		}
	}
	free(old);
}

static struct target *find(const struct targets *targets, uint64_t key,
                           const struct probe_subject *subject)
{
	struct target *target = targets->bucket_count ? *bucket(targets, key) : NULL;

	while (target && (target->key != key || !is_same(&target->subject, subject)))
		target = target->next;
	return target;
}

/* First step: creates the target itself. The second step, begin(), may create further targets. */
static struct target *make(struct targets *targets, uint64_t key,
                           const struct probe_subject *subject)
{
	struct target *target = memory_calloc(1, sizeof(*target));
	struct target **head;

	if (targets->count >= targets->bucket_count)
		grow(targets);
	target->key = key;
	target->subject = *subject;
	target->error = "";
	target->targets = targets;
	LIST_INIT(&target->parents);
	head = bucket(targets, key);
	target->next = *head;
	*head = target;
	targets->count++;
	return target;
}

/* The state that failures lead to. */
static enum health_state failures_say(const struct target *target)
{
	return target->subject.check->invert ? HEALTH_UP : HEALTH_DOWN;
}

void target_watch(struct target *target, enum verdict verdict)
{
	watch_verdict(target->watch, verdict, target->health.state == failures_say(target),
	              target_failures_needed(target));
}

unsigned target_failures_needed(const struct target *target)
{
	const struct check *check = target->subject.check;

	if (target->health.state == HEALTH_UNKNOWN || target->health.state == failures_say(target))
		return 1;
	return check->invert ? check->rules.rise : check->rules.fall;
}

static bool is_down(const struct target *target, enum target_view view)
{
	if (view == TARGET_HERE_ALONE)
		return host_fault_knows(&target->site);
	return view == TARGET_IF_LOST && host_fault_is_gone(&target->site) &&
	       !target->subject.check->invert;
}

enum health_state target_health(const struct target *target, enum target_view view)
{
	const struct check *check = target->subject.check;
	struct calculated_child children[CHECK_OF_MAX];

	if (!target->children || view == TARGET_COUNTED)
		return is_down(target, view) ? HEALTH_DOWN : target->health.state;
	for (size_t i = 0; i < check->of_count; i++) {
		const struct target *child = target->children[i].target;

		children[i] = (struct calculated_child){ target_health(child, view), "" };
	}
	return calculated_health(check, children);
}

bool target_in_doubt(const struct target *target)
{
	if (target->probe)
		return target->health.state == HEALTH_UNKNOWN || health_in_doubt(&target->health) ||
		       target->site.isolation.held || target->reported;
	for (size_t i = 0; target->children && i < target->subject.check->of_count; i++) {
		if (target_in_doubt(target->children[i].target))
			return true;
	}
	return false;
}

static void forget_error(struct target *target)
{
	if (*target->error && target->error != lost_error)
		free((char *)target->error);
	target->error = "";
}

void target_explain(struct target *target, const char *error)
{
	const char *copy;

	if (strcmp(target->error, error) == 0)
		return;
	copy = *error ? strdup(error) : "";
	forget_error(target);
	target->error = copy ? copy : lost_error;
}

bool target_calculate(struct target *target)
{
	const struct check *check = target->subject.check;
	struct calculated_child children[CHECK_OF_MAX];
	char error[PROBE_DETAIL_MAX] = "";
	enum health_state state;
	bool changed;

	for (size_t i = 0; i < check->of_count; i++) {
		const struct target *child = target->children[i].target;

		children[i] = (struct calculated_child){ child->health.state, child->error };
	}
	state = calculated_health(check, children);
	if (state != HEALTH_UP)
		calculated_error(check, children, error, sizeof(error));
	changed = state != target->health.state || strcmp(error, target->error) != 0;
	target->health.state = state;
	target_explain(target, error);
	return changed;
}

static void adopt(struct target *target, struct probe_asker asker)
{
	const struct check *check = target->subject.check;
	bool made;

	target->children = memory_calloc(check->of_count, sizeof(*target->children));
	for (size_t i = 0; i < check->of_count; i++) {
		struct target_child *child = &target->children[i];

		child->parent = target;
		child->target = targets_get(target->targets, check->of[i], asker,
		                            &target->subject.address, &made);
		LIST_INSERT_HEAD(&child->target->parents, child, sibling);
	}
	target_calculate(target);
}

static void disable(struct target *target)
{
	target->health.state = target->subject.check->invert ? HEALTH_DOWN : HEALTH_UP;
	if (target->subject.check->invert)
		target_explain(target, "the check is disabled and inverted");
}

/* Restores the health saved by the previous run, so that the first verdict need not be awaited. */
static void recall(struct target *target)
{
	struct targets *targets = target->targets;

	if (targets->saved)
		target->health.state = format_health(targets->saved, target->key);
	target->awaited = target->health.state == HEALTH_UNKNOWN;
	targets->awaited += target->awaited;
}

static void begin(struct target *target, struct probe_asker asker)
{
	struct targets *targets = target->targets;
	const struct check *check = target->subject.check;

	if (check->disabled) {
		disable(target);
	} else if (check->type == CHECK_CALCULATED) {
		adopt(target, asker);
	} else {
		recall(target);
		target->probe =
		        probe_new(targets->prober, targets->kinds[check->type], &target->subject);
		if (check->watch && targets->watches)
			target->watch = watch_new(targets->watches, check, &target->subject.address,
			                          target->probe);
		if (target_is_remote(target))
			host_fault_add(targets->host_fault, &target->site,
			               &target->subject.address);
	}
	target->in_doubt = target_in_doubt(target);
}

/* Needed because the configuration that the target was created from will be freed. */
static void rebind(struct target *target, const struct probe_subject *subject,
                   struct probe_asker asker)
{
	const struct check *check = subject->check;
	bool made;

	if (target->subject.check == check)
		return;
	target->subject = *subject;
	watch_rebind(target->watch, check);
	for (size_t i = 0; target->children && i < check->of_count; i++)
		targets_get(target->targets, check->of[i], asker, &target->subject.address, &made);
}

struct target *targets_get(struct targets *targets, const struct check *check,
                           struct probe_asker asker, const struct address *address, bool *made)
{
	const struct probe_subject subject = { check, *address, effective_asker(check, asker) };
	const uint64_t key = make_key(&subject);
	struct target *target = find(targets, key, &subject);

	*made = !target;
	if (!target) {
		target = make(targets, key, &subject);
		begin(target, asker);
		return target;
	}
	rebind(target, &subject, asker);
	return target;
}

void target_arrived(struct target *target)
{
	if (target->awaited)
		target->targets->awaited--;
	target->awaited = false;
}

void target_assume_up(struct target *target)
{
	if (target->health.state != HEALTH_UNKNOWN)
		return;
	for (size_t i = 0; target->children && i < target->subject.check->of_count; i++)
		target_assume_up(target->children[i].target);
	if (target->children) {
		target_calculate(target);
		return;
	}
	target->health.state = HEALTH_UP;
	target_arrived(target);
}

uint32_t target_ask(struct target *target)
{
	uint32_t longest = target->probe ? target->subject.check->timeout : 0;

	if (target->probe)
		target->asked = probe_afresh(target->probe);
	for (size_t i = 0; target->children && i < target->subject.check->of_count; i++) {
		uint32_t timeout = target_ask(target->children[i].target);

		if (timeout > longest)
			longest = timeout;
	}
	return longest;
}

void target_asked(const struct target *target, uint32_t *probes, uint32_t *asked)
{
	*probes = target->probe ? probe_count(target->probe) : 0;
	*asked = target->asked;
	for (size_t i = 0; target->children && i < target->subject.check->of_count; i++) {
		uint32_t child_probes, child_asked;

		target_asked(target->children[i].target, &child_probes, &child_asked);
		*asked += child_asked > 0;
		*probes += child_asked > 0 && child_probes >= child_asked;
	}
}

static void target_free(struct target *target)
{
	for (size_t i = 0; target->children && i < target->subject.check->of_count; i++)
		LIST_REMOVE(&target->children[i], sibling);
	target_arrived(target);
	host_fault_remove(target->targets->host_fault, &target->site);
	watch_free(target->watch);
	probe_free(target->probe);
	free(target->children);
	forget_error(target);
	free(target);
}

/* Returns true if a target was freed, whose children may now be unused. */
static bool sweep_once(struct targets *targets)
{
	const size_t before = targets->count;

	for (size_t i = 0; i < targets->bucket_count; i++) {
		struct target **link = &targets->buckets[i];

		while (*link) {
			struct target *target = *link;

			if (target->users || !LIST_EMPTY(&target->parents)) {
				link = &target->next;
				continue;
			}
			*link = target->next;
			target_free(target);
			targets->count--;
		}
	}
	return targets->count < before;
}

void targets_sweep(struct targets *targets)
{
	while (sweep_once(targets))
		;
}

void targets_free(struct targets *targets)
{
	targets_sweep(targets);
	if (targets->count)
		log_fatal("%zu targets still have users", targets->count);
	free(targets->buckets);
	targets->buckets = NULL;
	targets->bucket_count = 0;
}
