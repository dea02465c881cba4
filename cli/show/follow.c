#include "show/follow.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "api/ask.h"
#include "api/stream.h"
#include "base/cli.h"
#include "base/clock.h"
#include "show/page.h"
#include "show/screen.h"
#include "show/status_table.h"
#include "show/terminal.h"

#define EVENTS_MAX 200u /* as many lines as a tall window can show */
#define REFRESH_MS 5000 /* latencies and errors change without an event */

struct follow {
	const char *control;
	const char *name;
	struct screen screen;
	struct listing listing; /* its text is NULL until it was read */
	json_t *events;
	char trouble[TROUBLE_MAX]; /* "": none */
	time_t trouble_since;
	bool stale; /* it is out of date */
	uint64_t read_ms;
};

/*
 * --- the data -----------------------------------------------------------------------------------
 */

/*
 * An event says what has changed, not the new status, so the status is queried. If that fails, the
 * stream reports the reason.
 */
static void refresh(struct follow *follow)
{
	char error[TROUBLE_MAX];
	struct listing listing;

	follow->read_ms = clock_ms();
	if (ask_listing(follow->control, follow->name, &listing, error) != CLI_DONE)
		return;
	listing_free(&follow->listing);
	follow->listing = listing;
	follow->stale = false;
}

static void on_snapshot(void *arg, const json_t *status, bool gap, unsigned long long lost)
{
	struct follow *follow = arg;

	(void)status;
	(void)gap;
	(void)lost;
	follow->trouble[0] = '\0';
	follow->stale = true;
}

static void on_event(void *arg, const json_t *event, bool old)
{
	struct follow *follow = arg;

	json_array_append(follow->events, (json_t *)event);
	if (json_array_size(follow->events) > EVENTS_MAX)
		json_array_remove(follow->events, 0);
	follow->stale = follow->stale || !old;
}

static void on_lost(void *arg, const char *why)
{
	struct follow *follow = arg;

	snprintf(follow->trouble, sizeof(follow->trouble), "%s", why);
	follow->trouble_since = time(NULL);
}

/*
 * --- drawing ------------------------------------------------------------------------------------
 */

static void draw(const struct follow *follow)
{
	const struct page_view view = { .listing = &follow->listing,
		                        .events = follow->events,
		                        .trouble = *follow->trouble ? follow->trouble : NULL,
		                        .trouble_since = follow->trouble_since,
		                        .style = { .width = terminal_width(stdout),
		                                   .colours = terminal_colours(stdout),
		                                   .now = time(NULL) },
		                        .rows = screen_rows() };
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return;
	page_print(&view, stream);
	fclose(stream);
	if (text)
		screen_draw(text);
	free(text);
}

static bool turn(void *arg)
{
	struct follow *follow = arg;
	bool connected = !*follow->trouble;

	if (screen_read(&follow->screen) == SCREEN_END)
		return false;
	if (connected && (follow->stale || clock_ms() - follow->read_ms >= REFRESH_MS))
		refresh(follow);
	if (follow->listing.text)
		draw(follow);
	return true;
}

int follow_run(const char *control, const char *name)
{
	struct follow follow = {
		.control = control, .name = name, .events = json_array(), .read_ms = clock_ms()
	};
	struct stream_calls calls = { .snapshot = on_snapshot,
		                      .event = on_event,
		                      .lost = on_lost,
		                      .turn = turn,
		                      .arg = &follow };
	char error[TROUBLE_MAX];
	int result;

	if (!screen_open(&follow.screen)) {
		json_decref(follow.events);
		return cli_usage("status", "--follow needs a terminal; 'shunt watch' does not");
	}
	calls.fd = follow.screen.fd;
	result = stream_run(control, name, true, &calls, error);
	screen_close(&follow.screen);
	listing_free(&follow.listing);
	json_decref(follow.events);
	if (result != CLI_DONE)
		cli_error("%s", error);
	return result;
}
