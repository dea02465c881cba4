#include "reset/snapshot.h"

#include <stdlib.h>

#define FIRST_ROOM 64u

static bool grow(struct snapshot *snapshot)
{
	const size_t room = snapshot->room ? 2 * snapshot->room : FIRST_ROOM;
	struct snapshot_entry *entries;

	if (snapshot->room >= SNAPSHOT_MAX)
		return false;
	entries = reallocarray(snapshot->entries, room, sizeof(*entries));
	if (!entries)
		return false;
	snapshot->entries = entries;
	snapshot->room = room;
	return true;
}

bool snapshot_add(struct snapshot *snapshot, uint8_t family, const struct inet_diag_sockid *id)
{
	snapshot->total++;
	if (snapshot->count == snapshot->room && !grow(snapshot))
		return false;
	snapshot->entries[snapshot->count++] = (struct snapshot_entry){ family, *id };
	return true;
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->entries);
	*snapshot = (struct snapshot){ .entries = NULL };
}
