#include "control/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "control/slice.h"
#include "event/item.h"
#include "event/ring.h"
#include "monitor/monitor.h"
#include "monitor/view.h"
#include "report/json.h"

static void let_go(struct stream *stream)
{
	free(stream->pending);
	if (stream->item)
		event_release(stream->item);
	stream->pending = NULL;
	stream->item = NULL;
	stream->left = 0;
}

static bool give(struct stream *stream, char *text)
{
	stream->pending = text;
	stream->rest = text;
	stream->left = text ? strlen(text) : 0;
	return text != NULL;
}

static char *opening(const struct stream *stream)
{
	char lost[40] = "", *text;

	if (stream->lost)
		snprintf(lost, sizeof(lost), "\"lost\":%llu,", (unsigned long long)stream->lost);
	if (asprintf(&text, "{\"seq\":%llu,\"boot\":\"%s\",%s\"snapshot\":",
	             (unsigned long long)event_ring_last(), event_ring_boot(), lost) < 0)
		return NULL;
	return text;
}

static void snapshot_begin(struct stream *stream)
{
	stream->in_snapshot = true;
	stream->step = 0;
	stream->generation = monitor_generation(stream->monitor);
}

/* The opening line, then the pieces of the status. */
static char *snapshot_piece(struct stream *stream, bool *last)
{
	const struct monitor *monitor = stream->monitor;
	struct report_span span = { .count = monitor_record_count(monitor) };
	size_t step = stream->step++;

	*last = false;
	if (step == 0)
		return opening(stream);
	if (stream->only && !monitor_find(monitor, stream->only, &span.first))
		return NULL;
	if (stream->only)
		span.count = 1;
	return report_status(monitor, stream->in_force, span, step - 1, last);
}

/* Fails if out of memory, or if a reload has made the pieces already sent stale. */
static bool snapshot_advance(struct stream *stream)
{
	bool last;
	char *text, *closed;

	if (stream->generation != monitor_generation(stream->monitor))
		return false;
	text = snapshot_piece(stream, &last);
	if (!last || !text)
		return give(stream, text);
	stream->in_snapshot = false;
	stream->lost = 0;
	/* The snapshot's line ends where the status ends. */
	if (asprintf(&closed, "%.*s}\n", (int)strcspn(text, "\n"), text) < 0)
		closed = NULL;
	free(text);
	return give(stream, closed);
}

static bool has_address(const struct view_record *record, const char *address)
{
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < record->endpoint_count; i++) {
		const struct view_endpoint *endpoint = &record->endpoints[i];

		for (size_t j = 0; j < endpoint->address_count; j++)
			if (strcmp(address_format(&endpoint->addresses[j].address, text),
			           address) == 0)
				return true;
	}
	return false;
}

/* An event without a record concerns every stream. */
static bool concerns(const struct stream *stream, const struct event_record *event)
{
	const struct monitor *monitor = stream->monitor;
	struct view_record record;
	size_t index;

	if (!stream->only || !event->record || strcmp(event->record, stream->only) == 0)
		return true;
	if (!event->more || !event->address || !monitor_find(monitor, stream->only, &index))
		return false;
	monitor_read(monitor, index, &record);
	return has_address(&record, event->address);
}

/* Returns false if there is no event to send. */
static bool event_advance(struct stream *stream)
{
	while (stream->next <= event_ring_last()) {
		struct event_item *item = event_ring_get(stream->next++);

		if (!concerns(stream, &item->what))
			continue;
		stream->item = event_hold(item);
		stream->rest = item->json;
		stream->left = item->length;
		return true;
	}
	return false;
}

/* Every event was sent, and the set of records is the same: sends an empty line if one is due. */
static enum stream_state rest(struct stream *stream)
{
	if (!stream->beat)
		return STREAM_NOTHING;
	stream->beat = false;
	return give(stream, strdup("\n")) ? STREAM_MORE : STREAM_BROKEN;
}

/* A new snapshot is due after a reload, once its events are sent, and when events were lost. */
static enum stream_state begin_again(struct stream *stream)
{
	size_t index;

	if (stream->only && !monitor_find(stream->monitor, stream->only, &index))
		return STREAM_OVER;
	stream->lost = event_ring_last() + 1 - stream->next;
	stream->next = event_ring_last() + 1;
	snapshot_begin(stream);
	return snapshot_advance(stream) ? STREAM_MORE : STREAM_BROKEN;
}

/* The next text. */
static enum stream_state advance(struct stream *stream)
{
	let_go(stream);
	if (stream->in_snapshot)
		return snapshot_advance(stream) ? STREAM_MORE : STREAM_BROKEN;
	if (stream->ended)
		return STREAM_OVER;
	if (stream->next < event_ring_first())
		return begin_again(stream);
	if (event_advance(stream))
		return STREAM_MORE;
	if (stream->generation == monitor_generation(stream->monitor))
		return rest(stream);
	return begin_again(stream);
}

/* --- for callers ------------------------------------------------------------------------------ */

/* Sets the first event to send, and counts the missed events that are no longer kept. */
static void place(struct stream *stream, const struct stream_start *start)
{
	uint64_t last = event_ring_last(), first = event_ring_first(), since = start->since;
	bool same_run = !start->boot || strcmp(start->boot, event_ring_boot()) == 0;

	stream->next = last + 1;
	if (!start->since_given || (since >= last && same_run))
		return;
	if (!same_run)
		since = first - 1;
	stream->next = since + 1 < first ? first : since + 1;
	stream->lost = stream->next - (since + 1);
}

void stream_init(struct stream *stream, const struct monitor *monitor,
                 const struct in_force *in_force, char *only, const struct stream_start *start)
{
	*stream = (struct stream){ .monitor = monitor, .in_force = in_force, .only = only };
	place(stream, start);
	snapshot_begin(stream);
}

void stream_free(struct stream *stream)
{
	let_go(stream);
	free(stream->only);
}

size_t stream_read(struct stream *stream, char *buffer, size_t size, const struct slice *slice,
                   enum stream_state *state)
{
	size_t filled = 0;

	*state = STREAM_MORE;
	while (filled < size && *state == STREAM_MORE && !slice_is_over(slice)) {
		size_t n = stream->left < size - filled ? stream->left : size - filled;

		if (n > 0)
			memcpy(buffer + filled, stream->rest, n);
		stream->rest += n;
		stream->left -= n;
		filled += n;
		if (stream->left == 0)
			*state = advance(stream);
	}
	return filled;
}

bool stream_is_behind(const struct stream *stream)
{
	return stream->next <= event_ring_last();
}

uint64_t stream_behind_bytes(const struct stream *stream)
{
	const struct event_item *next = event_ring_get(stream->next);
	uint64_t sent = next ? next->end - next->length : 0;

	return stream->in_snapshot ? 0 : event_ring_bytes() - sent;
}
