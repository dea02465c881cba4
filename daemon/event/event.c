#include "event/event.h"

#include "base/log.h"
#include "event/fields.h"
#include "event/ring.h"

static uint64_t counts[EVENT_TYPES];
static TAILQ_HEAD(, event_subscriber) subscribers = TAILQ_HEAD_INITIALIZER(subscribers);

uint64_t event_count(enum event_type type)
{
	return counts[type];
}

void event_subscribe(struct event_subscriber *subscriber)
{
	TAILQ_INSERT_TAIL(&subscribers, subscriber, link);
}

void event_unsubscribe(struct event_subscriber *subscriber)
{
	TAILQ_REMOVE(&subscribers, subscriber, link);
}

static void write_log(const struct event_record *event, uint64_t seq, const char *text)
{
	struct event_fields fields;

	event_fields(event, seq, &fields);
	log_fields(event_log_level(event->type), fields.list, text);
}

void event_emit(const struct event_record *event)
{
	struct event_subscriber *subscriber;
	struct event_item *item;
	char text[EVENT_LINE_MAX];

	counts[event->type]++;
	event_item_text(event, text);
	item = event_item_new(event, text, event_ring_last() + 1);
	write_log(event, item ? item->seq : 0, text);
	if (!item) {
		log_error("out of memory: this event is in the log only");
		return;
	}
	event_ring_add(item);
	TAILQ_FOREACH (subscriber, &subscribers, link)
		subscriber->on_event(subscriber->arg, item);
}
