/*
 * Shares a fixed number of places (connections to a socket) between users: who may have one more.
 *
 * One uid gets at most so many, and some places are kept for trusted uids. Once half of the places
 * for others are taken, the rest is shared out between persons: the fewer are left, the fewer one
 * person gets, but a person without any gets one as long as a place is left. All uids that
 * /etc/subuid assigns to one owner are one person, and every other uid is one: the uids of a user's
 * containers cannot take all places. The file is read again after it has changed.
 *
 * Usage: places_user() for the uid of a new connection, places_have_room() for whether it may stay,
 * places_take() for one that does, and places_leave() for each of these when it has ended;
 * places_forget() instead of places_take() for a user that was not given a place.
 */
#ifndef SHUNT_NET_PLACES_H
#define SHUNT_NET_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "net/subuid.h"

struct place_person {
	LIST_ENTRY(place_person) link;
	uid_t key;
	unsigned uids;   /* users that refer to it */
	unsigned places; /* all that its uids have */
};

/* A uid that has places. The caller may put it at the start of a larger struct of its own. */
struct place_user {
	LIST_ENTRY(place_user) link;
	uid_t uid;
	bool trusted;
	unsigned places;
	struct place_person *person;
};

struct places_rule {
	unsigned total;
	unsigned kept; /* of these, for trusted uids only */
	unsigned each; /* at most so many for one uid */
	unsigned each_trusted;
	size_t user_size;   /* of the caller's struct that begins with struct place_user; or 0 */
	const char *subuid; /* the file; NULL: none is read. Stays owned by the caller */
};

#define PLACES_BUCKETS 1024u

LIST_HEAD(place_users, place_user);
LIST_HEAD(place_persons, place_person);

struct places {
	struct places_rule rule;
	unsigned taken;

	/* Private. */
	struct place_users users[PLACES_BUCKETS];
	struct place_persons persons[PLACES_BUCKETS];
	struct subuid subuid;
};

void places_init(struct places *places, const struct places_rule *rule);
/* All users must have left. */
void places_free(struct places *places);

/*
 * The user with that uid; a new one without places, all zeros beyond struct place_user, if there is
 * none. NULL if out of memory. `now_ms` is clock_ms().
 */
struct place_user *places_user(struct places *places, uid_t uid, bool trusted, uint64_t now_ms);
bool places_have_room(const struct places *places, const struct place_user *user);
void places_take(struct places *places, struct place_user *user);
/* Frees the user with its last place. */
void places_leave(struct places *places, struct place_user *user);
/* Frees the user if it has no place. */
void places_forget(struct place_user *user);

/*
 * Whether a place may be taken away from `other` for `user`: from a person who has more, or from a
 * uid of the same person.
 */
bool places_may_displace(const struct place_user *user, const struct place_user *other);

#endif
