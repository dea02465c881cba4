/*
 * Doors, for programs that no library can be preloaded into: the helper shunt-door(8) attaches a BPF
 * program to their cgroups, which leads connections to what the records answer. This is the daemon's
 * side: it keeps the helper's map equal to the table.
 *
 * Order of calls: door_new(), door_configure() with each table, door_settle() once the first has
 * settled, door_changed() after each answer that was published. The map is brought up to date at the
 * end of the loop's turn.
 */
#ifndef SHUNT_DOOR_DOOR_H
#define SHUNT_DOOR_DOOR_H

#include <stddef.h>
#include <stdint.h>

struct config;
struct door;
struct event_base;
struct publish;

struct door *door_new(struct event_base *base);
/* NULL is allowed, here and in the other calls that return nothing. */
void door_free(struct door *door);

/* The configuration and its table must stay until the next call, or door_free(). */
void door_configure(struct door *door, const struct config *config, const struct publish *table);
/* Until then the helper keeps what the previous run of the daemon told it. */
void door_settle(struct door *door);
void door_changed(struct door *door);

enum door_state {
	DOOR_UNSERVED, /* the helper is not there */
	DOOR_WAITING,  /* the cgroup is not there */
	DOOR_ATTACHED,
	DOOR_REFUSED,
	DOOR_STATES
};

/* "unserved", "waiting", …: the names used in reports. */
const char *door_state_word(enum door_state state);

struct door_view {
	const char *cgroup; /* as configured */
	enum door_state state;
	const char *reason; /* NULL while attached */
	uint64_t rewritten; /* connects that were led elsewhere, since the helper was started */
};

/* 0 for NULL. */
size_t door_count(const struct door *door);
/* The strings are valid until the next turn of the loop. */
void door_read(const struct door *door, size_t index, struct door_view *out);
/* Number of addresses and ports that lead elsewhere now. */
size_t door_entries(const struct door *door);

/*
 * What keeps this host from having doors, in one line, for a configuration that has some; NULL if
 * nothing is known. `text` is the room for it.
 */
#define DOOR_HINT_MAX 512u
const char *door_hint(const struct config *config, char text[DOOR_HINT_MAX]);

#endif
