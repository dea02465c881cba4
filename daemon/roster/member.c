#include "roster/member.h"

#include <stdlib.h>

#include "base/memory.h"

enum health_state member_health(const struct member *member, enum target_view view)
{
	return member->target ? target_health(member->target, view) : HEALTH_UP;
}

bool member_in_doubt(const struct member *member)
{
	return member->target && target_in_doubt(member->target);
}

struct member *member_find(struct member *const *members, size_t count,
                           const struct address *address)
{
	for (size_t i = 0; i < count; i++) {
		if (address_compare(members[i]->address, address) == 0)
			return members[i];
	}
	return NULL;
}

static void use(struct member *member, struct target *target)
{
	member->target = target;
	member->address = &target->subject.address;
	member->next_user = target->users;
	member->link = &target->users;
	if (target->users)
		target->users->link = &member->next_user;
	target->users = member;
}

struct member *member_new(const struct member_parts *parts, const struct address *address,
                          const struct member *inherit)
{
	const size_t own = parts->check ? 0 : sizeof(struct address);
	struct member *member = memory_calloc(1, sizeof(*member) + own);
	struct target *target;
	bool made;

	member->endpoint = parts->endpoint;
	member->listed = true;
	member->counts = true;
	if (!parts->check) {
		member->own[0] = *address;
		member->address = member->own;
		return member;
	}
	target = targets_get(parts->targets, parts->check, parts->asker, address, &made);
	if (made && inherit && member_health(inherit, TARGET_COUNTED) == HEALTH_UP)
		target_assume_up(target);
	use(member, target);
	return member;
}

void member_free(struct member *member)
{
	if (member->target) {
		*member->link = member->next_user;
		if (member->next_user)
			member->next_user->link = member->link;
	}
	free(member);
}
