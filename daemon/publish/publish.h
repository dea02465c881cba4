/*
 * The only writer of the shared table. The format is defined in shunt/table.h.
 *
 * Order of calls: publish_new(), then publish_record() for every record, then the first client may
 * attach; after that publish_record() and publish_heartbeat() as needed; at a reload
 * publish_supersede(), and publish_free() SHUNT_SUPERSEDED_MS later.
 */
#ifndef SHUNT_PUBLISH_PUBLISH_H
#define SHUNT_PUBLISH_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "config/config.h"

struct publish;

/* Size in bytes of the table for this configuration; a size above SHUNT_TABLE_SIZE is too large. */
size_t publish_size(const struct config *config);

/*
 * Returns NULL, with errno set, if the kernel refuses the memory. The configuration must fit. Every
 * record answers FAIL until it is published.
 */
struct publish *publish_new(const struct config *config);
void publish_free(struct publish *publish);

/* The sealed memfd, for SCM_RIGHTS; owned by the callee. */
int publish_fd(const struct publish *publish);

struct publish_endpoint {
	struct address addresses[SHUNT_ADDRESSES_MAX]; /* in the order of the answer */
	uint32_t flags[SHUNT_ADDRESSES_MAX];           /* SHUNT_ADDRESS_ bits */
	size_t count;
};

/*
 * `index`: the record's index in the configuration; `answer`: an endpoint's index, ELECTION_DNS or
 * ELECTION_FAIL.
 */
void publish_record(struct publish *publish, size_t index, int answer,
                    const struct publish_endpoint *endpoints, size_t count);

/*
 * What the record answers, as publish_record() was told; `endpoints` has SHUNT_ENDPOINTS_MAX
 * elements. Returns its `answer`.
 */
int publish_read(const struct publish *publish, size_t index, struct publish_endpoint *endpoints,
                 size_t *count);

void publish_heartbeat(struct publish *publish);
void publish_settle(struct publish *publish);
void publish_supersede(struct publish *publish);

#endif
