/*
 * One connection to the client socket: from its hello to its end. Used by clients.c alone, which
 * decides who may have a connection.
 */
#ifndef SHUNT_PUBLISH_CLIENT_H
#define SHUNT_PUBLISH_CLIENT_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "net/acceptor.h"
#include "net/places.h"
#include "publish/clients_counts.h"
#include "publish/welcome.h"

struct client;
struct event_base;

TAILQ_HEAD(client_list, client);
TAILQ_HEAD(client_users, client_user);

/* What all connections of the socket share; owned by clients.c. */
struct client_shared {
	struct event_base *base;
	int (*table)(void *arg, bool *settled); /* see clients_table */
	void *arg;
	struct acceptor acceptor;
	struct places places;
	struct clients_counts counts;
	struct client_list all;
	struct client_users crowded; /* users with waiting connections */
};

/* The connections of one uid. */
struct client_user {
	struct place_user place;    /* first, as places.h asks for */
	unsigned held;              /* connections with a welcome */
	struct client_list waiting; /* connections that are to get one, in order */
	TAILQ_ENTRY(client_user) crowded_link;
};

struct client {
	TAILQ_ENTRY(client) link;
	TAILQ_ENTRY(client) waiting_link;
	struct client_shared *shared;
	struct client_user *user;
	struct event event;
	enum clients_stage stage;
	struct welcome welcome;
	uint8_t tries; /* to send it */
	bool guest;    /* it uses the reserve descriptor */
	int fd;
};

/* At most so many connections of one uid have a welcome. */
#define CLIENT_HELD_MAX 64u
#define CLIENT_HELD_MAX_ROOT 1024u

/*
 * The user with that uid, who stays from the first place to the end of the last one. NULL if out of
 * memory.
 */
struct client_user *client_user(struct client_shared *shared, uid_t uid);

/*
 * Gives the connection a place, and begins to read from it; takes ownership of the descriptor. The
 * connection may have ended when this returns. Returns false, and closes nothing, if out of memory.
 */
bool client_start(struct client_shared *shared, struct client_user *user, int fd, bool guest);

/* Closes the connection, counts the reason, and serves the next one of its uid. */
void client_refuse(struct client *client, enum clients_refusal why);

/* Closes the connection, when the daemon ends. */
void client_free(struct client *client);

#endif
