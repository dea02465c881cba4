/*
 * The status in line format, as `shunt status` reads it, for libFuzzer and for the replay in
 * tests/unit/fuzz.
 *
 * Input: a byte for the terminal width, then the lines. Whatever the daemon sends, the output must
 * be printable ASCII in lines no longer than that width.
 */
#include <stdio.h>

#include "api/listing.h"
#include "show/status_table.h"
#include "tests/fuzz/bytes.h"

static void check_text(const char *text)
{
	HOLDS(text);
	for (; *text; text++)
		HOLDS(*text >= ' ' && *text <= '~');
}

static void check_record(const struct listing_record *record)
{
	check_text(record->name);
	check_text(record->active);
	check_text(record->answer);
	check_text(record->reason);
	for (size_t i = 0; i < record->endpoint_count; i++) {
		const struct listing_endpoint *endpoint = &record->endpoints[i];

		check_text(endpoint->id);
		check_text(endpoint->health);
		for (size_t j = 0; j < endpoint->address_count; j++)
			check_text(endpoint->addresses[j].last_error);
	}
}

static void print_table(const struct listing *listing, size_t width)
{
	const struct status_table_style style = { .width = width, .now = 1700000000 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	HOLDS(out);
	status_table_print(listing, &style, out);
	HOLDS(fclose(out) == 0);
	for (size_t i = 0; i < size; i++)
		HOLDS(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	size_t width = 40 + bytes_number(&bytes);
	struct listing listing;

	/* listing_read() takes ownership of the text. */
	if (!listing_read(&listing, text_new(bytes.data, bytes.size)))
		return 0;
	for (size_t i = 0; i < listing.record_count; i++)
		check_record(&listing.records[i]);
	print_table(&listing, width);
	listing_free(&listing);
	return 0;
}
