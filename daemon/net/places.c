#include "net/places.h"

#include <stdlib.h>
#include <string.h>

#define SHARE_PART 16 /* once half of the places are taken, one person gets 1/16 of those left */

static size_t bucket(uid_t uid)
{
	return uid % PLACES_BUCKETS;
}

/* --- persons ---------------------------------------------------------------------------------- */

static struct place_person *find_person(struct places *places, uid_t uid)
{
	const struct subuid_range *range = subuid_find(&places->subuid, uid);
	uid_t key = range ? range->key : uid;
	struct place_person *person;

	LIST_FOREACH(person, &places->persons[bucket(key)], link)
	if (person->key == key)
		return person;
	person = calloc(1, sizeof(*person));
	if (!person)
		return NULL;
	person->key = key;
	LIST_INSERT_HEAD(&places->persons[bucket(key)], person, link);
	return person;
}

static void person_free(struct place_person *person)
{
	if (person->uids > 0)
		return;
	LIST_REMOVE(person, link);
	free(person);
}

/* --- users ------------------------------------------------------------------------------------ */

void places_init(struct places *places, const struct places_rule *rule)
{
	memset(places, 0, sizeof(*places));
	places->rule = *rule;
	if (places->rule.user_size < sizeof(struct place_user))
		places->rule.user_size = sizeof(struct place_user);
}

void places_free(struct places *places)
{
	subuid_free(&places->subuid);
}

static struct place_user *user_new(struct places *places, uid_t uid, bool trusted)
{
	struct place_user *user = calloc(1, places->rule.user_size);

	if (user)
		user->person = find_person(places, uid);
	if (!user || !user->person) {
		free(user);
		return NULL;
	}
	user->uid = uid;
	user->trusted = trusted;
	user->person->uids++;
	LIST_INSERT_HEAD(&places->users[bucket(uid)], user, link);
	return user;
}

struct place_user *places_user(struct places *places, uid_t uid, bool trusted, uint64_t now_ms)
{
	struct place_user *user;

	LIST_FOREACH(user, &places->users[bucket(uid)], link)
	if (user->uid == uid)
		return user;
	/* Users that are known already keep their person. */
	if (places->rule.subuid)
		subuid_refresh(&places->subuid, places->rule.subuid, now_ms);
	return user_new(places, uid, trusted);
}

void places_forget(struct place_user *user)
{
	if (user->places > 0)
		return;
	user->person->uids--;
	person_free(user->person);
	LIST_REMOVE(user, link);
	free(user);
}

/* --- places ----------------------------------------------------------------------------------- */

bool places_have_room(const struct places *places, const struct place_user *user)
{
	const struct places_rule *rule = &places->rule;
	unsigned open = rule->total - (user->trusted ? 0 : rule->kept);
	unsigned left = places->taken < open ? open - places->taken : 0;

	if (left == 0 || user->places >= (user->trusted ? rule->each_trusted : rule->each))
		return false;
	if (user->trusted || left > open / 2 || user->person->places == 0)
		return true;
	return user->person->places < left / SHARE_PART;
}

void places_take(struct places *places, struct place_user *user)
{
	places->taken++;
	user->places++;
	user->person->places++;
}

void places_leave(struct places *places, struct place_user *user)
{
	places->taken--;
	user->places--;
	user->person->places--;
	places_forget(user);
}

bool places_may_displace(const struct place_user *user, const struct place_user *other)
{
	return user->person == other->person || user->person->places < other->person->places;
}
