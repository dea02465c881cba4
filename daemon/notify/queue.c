#include "notify/queue.h"

#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

TAILQ_HEAD(item_list, notify_item);

/* An event that at least one owner waits for. */
struct notify_shared {
	struct event_item *event;
	unsigned items;
};

/* Exists while it has pending items or is busy. */
struct notify_lane {
	void *owner;
	bool busy; /* one of its items is in progress */
	struct item_list waiting;
	TAILQ_ENTRY(notify_lane) link;  /* all lanes */
	TAILQ_ENTRY(notify_lane) ready; /* lanes with pending items that are not busy */
	const char *record;             /* as first spelled; NULL: none */
	char name[];
};

TAILQ_HEAD(lane_list, notify_lane);

struct notify_queue {
	size_t bytes, bytes_max;
	size_t count;
	void *tree; /* of lanes, by tsearch(3) */
	struct lane_list lanes;
	struct lane_list ready;
	/* The event added last; NULL once no owner waits for it. */
	struct notify_shared *last;
};

struct notify_queue *notify_queue_new(size_t bytes_max)
{
	struct notify_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->bytes_max = bytes_max;
	TAILQ_INIT(&queue->lanes);
	TAILQ_INIT(&queue->ready);
	return queue;
}

/* --- lanes ------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	const struct notify_lane *one = a, *other = b;

	if (one->owner != other->owner)
		return (uintptr_t)one->owner < (uintptr_t)other->owner ? -1 : 1;
	if (!one->record || !other->record)
		return (one->record != NULL) - (other->record != NULL);
	return strcasecmp(one->record, other->record);
}

static size_t lane_size(const char *record)
{
	return sizeof(struct notify_lane) + (record ? strlen(record) + 1 : 0);
}

static struct notify_lane *find_lane(const struct notify_queue *queue, void *owner,
                                     const char *record)
{
	const struct notify_lane key = { .owner = owner, .record = record };
	struct notify_lane *const *found = tfind(&key, &queue->tree, compare);

	return found ? *found : NULL;
}

/* NULL: out of memory. */
static struct notify_lane *lane_new(struct notify_queue *queue, void *owner, const char *record)
{
	struct notify_lane *lane = calloc(1, lane_size(record));

	if (!lane)
		return NULL;
	lane->owner = owner;
	if (record)
		lane->record = strcpy(lane->name, record);
	if (!tsearch(lane, &queue->tree, compare)) {
		free(lane);
		return NULL;
	}
	TAILQ_INIT(&lane->waiting);
	TAILQ_INSERT_TAIL(&queue->lanes, lane, link);
	queue->bytes += lane_size(record);
	return lane;
}

static void lane_free_if_empty(struct notify_queue *queue, struct notify_lane *lane)
{
	if (lane->busy || !TAILQ_EMPTY(&lane->waiting))
		return;
	queue->bytes -= lane_size(lane->record);
	tdelete(lane, &queue->tree, compare);
	TAILQ_REMOVE(&queue->lanes, lane, link);
	free(lane);
}

/* --- events that are shared ------------------------------------------------------------------- */

static size_t shared_size(const struct event_item *event)
{
	return sizeof(struct notify_shared) + event->size;
}

/*
 * Shares the last event added: callers add one event for all its owners in a row. NULL: no memory.
 */
static struct notify_shared *shared_of(struct notify_queue *queue, struct event_item *event)
{
	struct notify_shared *shared = queue->last;

	if (shared && shared->event == event)
		return shared;
	shared = calloc(1, sizeof(*shared));
	if (!shared)
		return NULL;
	shared->event = event_hold(event);
	queue->bytes += shared_size(event);
	return shared;
}

static void shared_free_if_unused(struct notify_queue *queue, struct notify_shared *shared)
{
	if (shared->items)
		return;
	queue->bytes -= shared_size(shared->event);
	event_release(shared->event);
	if (queue->last == shared)
		queue->last = NULL;
	free(shared);
}

/* --- items ------------------------------------------------------------------------------------ */

static void item_free(struct notify_queue *queue, struct notify_item *item)
{
	queue->bytes -= sizeof(*item);
	item->shared->items--;
	shared_free_if_unused(queue, item->shared);
	free(item);
}

static bool has_room(const struct notify_queue *queue, void *owner, const struct event_item *event)
{
	size_t need = sizeof(struct notify_item);

	if (!queue->last || queue->last->event != event)
		need += shared_size(event);
	if (!find_lane(queue, owner, event->what.record))
		need += lane_size(event->what.record);
	return need <= queue->bytes_max - queue->bytes;
}

bool notify_queue_put(struct notify_queue *queue, void *owner, struct event_item *event)
{
	const char *record = event->what.record;
	struct notify_lane *lane = find_lane(queue, owner, record);
	struct notify_shared *shared;
	struct notify_item *item;

	if (!has_room(queue, owner, event))
		return false;
	item = calloc(1, sizeof(*item));
	shared = item ? shared_of(queue, event) : NULL;
	if (shared && !lane)
		lane = lane_new(queue, owner, record);
	if (!shared || !lane) {
		if (shared)
			shared_free_if_unused(queue, shared);
		free(item);
		return false;
	}
	*item = (struct notify_item){
		.event = event, .owner = owner, .lane = lane, .shared = shared
	};
	shared->items++;
	queue->last = shared;
	queue->bytes += sizeof(*item);
	queue->count++;
	if (!lane->busy && TAILQ_EMPTY(&lane->waiting))
		TAILQ_INSERT_TAIL(&queue->ready, lane, ready);
	TAILQ_INSERT_TAIL(&lane->waiting, item, link);
	return true;
}

/* --- taking ----------------------------------------------------------------------------------- */

struct notify_item *notify_queue_next(struct notify_queue *queue)
{
	struct notify_lane *lane = TAILQ_FIRST(&queue->ready);
	struct notify_item *item = lane ? TAILQ_FIRST(&lane->waiting) : NULL;

	if (!item)
		return NULL;
	TAILQ_REMOVE(&queue->ready, lane, ready);
	TAILQ_REMOVE(&lane->waiting, item, link);
	lane->busy = true;
	queue->count--;
	return item;
}

void notify_queue_done(struct notify_queue *queue, struct notify_item *item)
{
	struct notify_lane *lane = item->lane;

	item_free(queue, item);
	lane->busy = false;
	if (!TAILQ_EMPTY(&lane->waiting))
		TAILQ_INSERT_TAIL(&queue->ready, lane, ready);
	lane_free_if_empty(queue, lane);
}

void notify_queue_back(struct notify_queue *queue, struct notify_item *item)
{
	struct notify_lane *lane = item->lane;

	TAILQ_INSERT_HEAD(&lane->waiting, item, link);
	TAILQ_INSERT_HEAD(&queue->ready, lane, ready);
	lane->busy = false;
	queue->count++;
}

/* --- looking, and giving up ------------------------------------------------------------------- */

size_t notify_queue_waiting(const struct notify_queue *queue, const void *owner,
                            const struct event_item **oldest)
{
	const struct notify_lane *lane;
	const struct notify_item *item;
	size_t count = 0;

	*oldest = NULL;
	TAILQ_FOREACH (lane, &queue->lanes, link) {
		TAILQ_FOREACH (item, &lane->waiting, link) {
			if (lane->owner != owner)
				break;
			if (!*oldest || item->event->seq < (*oldest)->seq)
				*oldest = item->event;
			count++;
		}
	}
	return count;
}

static void clear(struct notify_queue *queue, struct notify_lane *lane)
{
	struct notify_item *item;

	if (!lane->busy && !TAILQ_EMPTY(&lane->waiting))
		TAILQ_REMOVE(&queue->ready, lane, ready);
	while ((item = TAILQ_FIRST(&lane->waiting)) != NULL) {
		TAILQ_REMOVE(&lane->waiting, item, link);
		queue->count--;
		item_free(queue, item);
	}
	lane_free_if_empty(queue, lane);
}

void notify_queue_drop(struct notify_queue *queue, const void *owner)
{
	struct notify_lane *next;

	for (struct notify_lane *lane = TAILQ_FIRST(&queue->lanes); lane; lane = next) {
		next = TAILQ_NEXT(lane, link);
		if (lane->owner == owner)
			clear(queue, lane);
	}
}

void notify_queue_free(struct notify_queue *queue)
{
	struct notify_lane *next;

	if (!queue)
		return;
	for (struct notify_lane *lane = TAILQ_FIRST(&queue->lanes); lane; lane = next) {
		next = TAILQ_NEXT(lane, link);
		clear(queue, lane);
	}
	free(queue);
}

size_t notify_queue_count(const struct notify_queue *queue)
{
	return queue->count;
}

size_t notify_queue_bytes(const struct notify_queue *queue)
{
	return queue->bytes;
}
