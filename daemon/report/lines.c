#include "report/lines.h"

#include <stdio.h>
#include <string.h>

#include "base/moment.h"
#include "base/text_out.h"
#include "config/config.h"
#include "door/door.h"
#include "fleet/fleet.h"
#include "monitor/monitor.h"
#include "monitor/view.h"
#include "reset/reset.h"

#include "shunt/version.h"

static void put(struct text_out *out, const char *text)
{
	text_out_put(out, text, strlen(text));
}

/* Writes a tab and the value; NULL is an empty field. */
static void put_field(struct text_out *out, const char *value)
{
	size_t length = value ? strlen(value) : 0;
	char *place = text_out_add(out, length + 1);

	if (!place)
		return;
	*place++ = '\t';
	for (size_t i = 0; i < length; i++)
		place[i] = (char)(value[i] < ' ' || value[i] > '~' ? '?' : value[i]);
}

static void put_error(struct text_out *out, const struct view_address *address)
{
	static const char *const sides[SIDES] = { [SIDE_UNKNOWN] = "",
		                                  [SIDE_HOST] = " (this host)",
		                                  [SIDE_CHECK] = " (the check's command)" };
	const char *error = address->last_error;
	char since[MOMENT_TEXT_MAX], words[PROBE_DETAIL_MAX + MOMENT_TEXT_MAX + 64];

	if (!address->no_verdict_since) {
		put_field(out, error);
		return;
	}
	snprintf(words, sizeof(words), "no verdict since %s%s%s%s",
	         moment_format(address->no_verdict_since, since), sides[address->no_verdict_side],
	         error ? ": " : "", error ? error : "");
	put_field(out, words);
}

static void put_address(struct text_out *out, const struct view_address *address)
{
	char words[ADDRESS_TEXT_MAX];

	put(out, "address");
	put_field(out, address_format(&address->address, words));
	put_field(out, health_word(address->health));
	text_out_put(out, "\t", 1);
	if (address->latency_us)
		text_out_ms(out, address->latency_us);
	put_error(out, address);
	put_field(out, address->watch);
	text_out_put(out, "\n", 1);
}

static void put_endpoint(struct text_out *out, const struct view_endpoint *endpoint)
{
	put(out, "endpoint");
	put_field(out, endpoint->id);
	put_field(out, health_word(endpoint->health));
	put_field(out, endpoint->check);
	put_field(out, endpoint->error);
	text_out_put(out, "\n", 1);
	for (size_t i = 0; i < endpoint->address_count; i++)
		put_address(out, &endpoint->addresses[i]);
}

static void put_answer(struct text_out *out, const struct view_endpoint *endpoint)
{
	char words[ADDRESS_TEXT_MAX];
	const char *before = "\t";

	for (size_t i = 0; i < endpoint->address_count; i++) {
		if (!endpoint->addresses[i].answers)
			continue;
		put(out, before);
		put(out, address_format(&endpoint->addresses[i].address, words));
		before = " ";
	}
	if (*before == '\t')
		put(out, before);
}

static char *record_lines(const struct monitor *monitor, size_t index)
{
	struct text_out out = { 0 };
	struct view_record record;

	monitor_read(monitor, index, &record);
	put(&out, "record");
	put_field(&out, record.name);
	if (record.answer < 0) {
		put(&out, "\t\t");
	} else {
		put_field(&out, record.endpoints[record.answer].id);
		put_answer(&out, &record.endpoints[record.answer]);
	}
	text_out_put(&out, "\t", 1);
	if (record.since)
		text_out_number(&out, (uint64_t)record.since);
	put_field(&out, all_down_words[record.all_down]);
	put_field(&out, record.reason);
	text_out_put(&out, "\n", 1);
	for (size_t i = 0; i < record.endpoint_count; i++)
		put_endpoint(&out, &record.endpoints[i]);
	return text_out_take(&out);
}

static void put_doors(struct text_out *out, const struct door *doors)
{
	struct door_view door;

	for (size_t i = 0; i < door_count(doors); i++) {
		door_read(doors, i, &door);
		put(out, "door");
		put_field(out, door.cgroup);
		put_field(out, door_state_word(door.state));
		put_field(out, door.reason);
		text_out_put(out, "\n", 1);
	}
}

/* Why this host has no part in its fleet; an empty field if it has, or there is none. */
static void put_fleet(struct text_out *out, const struct fleet *fleet)
{
	char since[MOMENT_TEXT_MAX], words[FLEET_ERROR_MAX + 128] = "";
	struct fleet_link link;

	fleet_link(fleet, &link);
	if (link.state == FLEET_LOST)
		snprintf(words, sizeof(words), "etcd is lost since %s%s%s",
		         moment_format(link.since, since), link.error ? ": " : "",
		         link.error ? link.error : "");
	else if (link.name_taken)
		snprintf(words, sizeof(words), "another host is called %s", link.host);
	put_field(out, words);
}

static char *head_lines(const struct monitor *monitor)
{
	static const char *const words[] = { "false", "true" };
	const struct reset *reset = monitor_reset(monitor);
	struct text_out out = { 0 };

	put(&out, "status");
	put_field(&out, SHUNT_VERSION);
	put_field(&out, words[monitor_is_settled(monitor)]);
	put_field(&out, words[monitor_is_isolated(monitor)]);
	put_field(&out, reset_is_wanted(reset) ? reset_trouble(reset) : NULL);
	put_fleet(&out, monitor_fleet(monitor));
	text_out_put(&out, "\n", 1);
	put_doors(&out, monitor_door(monitor));
	return text_out_take(&out);
}

char *lines_status(const struct monitor *monitor, struct report_span span, size_t step, bool *last)
{
	*last = step > span.count;
	if (*last)
		return strdup("end\n");
	return step == 0 ? head_lines(monitor) : record_lines(monitor, span.first + step - 1);
}
