#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define BUCKETS_MIN 64u

void targets_init(struct targets *targets, struct prober *prober,
                  const struct probe_kind *const *kinds, target_verdict *verdict, void *arg)
{
	*targets = (struct targets){
		.prober = prober, .kinds = kinds, .verdict = verdict, .arg = arg
	};
	isolation_init(&targets->isolation);
}

bool target_is_remote(const struct target *target)
{
	return !target->targets->kinds[target->check->type]->off_network &&
	       !address_is_loopback(&target->address);
}

struct target *target_of_site(struct isolation_site *site)
{
	return (struct target *)((char *)site - offsetof(struct target, site));
}

static uint32_t probe_ended(void *arg, const struct probe_result *result)
{
	struct target *target = arg;

	return target->targets->verdict(target->targets->arg, target, result);
}

/* Host and SNI are what clients send: the record's name, unless the check names another. A tcp check sends neither. */
static const char *effective_host(const struct check *check, const char *record)
{
	if (check->type == CHECK_TCP)
		return "";
	return check->host ? check->host : record;
}

static char *make_key(const struct check *check, const char *host, const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];
	char *key;

	address_format(address, text);
	if (asprintf(&key, "%s %s %s", text, host, check->key) < 0)
		fatal("out of memory");
	for (char *p = key + strlen(text) + 1; *p && *p != ' '; p++)
		*p = (char)shunt_lower((unsigned char)*p);
	return key;
}

static struct target **bucket(const struct targets *targets, const char *key)
{
	uint32_t hash = shunt_name_hash(0, key, (uint32_t)strlen(key));

	return &targets->buckets[hash & (targets->bucket_count - 1)];
}

static void grow(struct targets *targets)
{
	struct target **old = targets->buckets;
	size_t old_count = targets->bucket_count;

	targets->bucket_count = old_count ? 4 * old_count : BUCKETS_MIN;
	targets->buckets = xcalloc(targets->bucket_count, sizeof(*targets->buckets));
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

static struct target *find(const struct targets *targets, const char *key)
{
	struct target *target = targets->bucket_count ? *bucket(targets, key) : NULL;

	while (target && strcmp(target->key, key) != 0)
		target = target->next;
	return target;
}

static struct target *make(struct targets *targets, char *key, const struct check *check,
                           const char *host, const struct address *address)
{
	struct target *target = xcalloc(1, sizeof(*target));
	struct target **head;

	if (targets->count >= targets->bucket_count)
		grow(targets);
	target->key = key;
	target->check = check;
	target->address = *address;
	target->targets = targets;
	target->awaited = true;
	target->probe = probe_new(targets->prober, targets->kinds[check->type], check, address,
	                          host, probe_ended, target);
	if (target_is_remote(target))
		isolation_add(&targets->isolation, &target->site, &target->address);
	head = bucket(targets, key);
	target->next = *head;
	*head = target;
	targets->count++;
	targets->awaited++;
	return target;
}

struct target *targets_get(struct targets *targets, const struct check *check, const char *record,
                           const struct address *address, bool *made)
{
	const char *host = effective_host(check, record);
	char *key = make_key(check, host, address);
	struct target *target = find(targets, key);

	*made = !target;
	if (!target)
		return make(targets, key, check, host, address);
	free(key);
	target->check = check;
	probe_rebind(target->probe, check, host);
	return target;
}

void target_arrived(struct target *target)
{
	if (target->awaited)
		target->targets->awaited--;
	target->awaited = false;
}

static void target_free(struct target *target)
{
	target_arrived(target);
	isolation_remove(&target->targets->isolation, &target->site);
	probe_free(target->probe);
	free(target->key);
	free(target);
}

void targets_sweep(struct targets *targets)
{
	for (size_t i = 0; i < targets->bucket_count; i++) {
		struct target **link = &targets->buckets[i];

		while (*link) {
			struct target *target = *link;

			if (target->users) {
				link = &target->next;
				continue;
			}
			*link = target->next;
			target_free(target);
			targets->count--;
		}
	}
}

void targets_free(struct targets *targets)
{
	targets_sweep(targets);
	if (targets->count)
		fatal("%zu targets still have users", targets->count);
	free(targets->buckets);
	targets->buckets = NULL;
	targets->bucket_count = 0;
}
