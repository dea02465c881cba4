/*
 * The shared table's only writer. The format is shunt/table.h.
 *
 * publish_new() → publish_record() for every record → the first client; then publish_record() and
 * publish_heartbeat() as things happen; at a reload publish_supersede(), and publish_free() SHUNT_SUPERSEDED_MS later.
 */
#ifndef SHUNT_PUBLISH_PUBLISH_H
#define SHUNT_PUBLISH_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "config/config.h"

struct publish;

/* Bytes that the table of this configuration takes; more than SHUNT_TABLE_SIZE does not fit. */
size_t publish_size(const struct config *config);

/* NULL, with errno set, when the kernel refuses the memory. The configuration fits. Every record answers FAIL until published. */
struct publish *publish_new(const struct config *config);
void publish_free(struct publish *publish);

/* The sealed memfd, for SCM_RIGHTS; it stays ours. */
int publish_fd(const struct publish *publish);

struct publish_endpoint {
	struct address addresses[SHUNT_ADDRESSES_MAX]; /* in the order of the answer */
	bool answer[SHUNT_ADDRESSES_MAX]; /* part of the answer while the endpoint answers */
	size_t count;
};

/* `index` is the record's in the configuration, `answer` an endpoint's index, ELECTION_DNS or ELECTION_FAIL. */
void publish_record(struct publish *publish, size_t index, int answer,
                    const struct publish_endpoint *endpoints, size_t count);

void publish_heartbeat(struct publish *publish);
void publish_settle(struct publish *publish);
void publish_supersede(struct publish *publish);

#endif
