#include "api/listing.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* fields of the longest line, including its keyword; a newer daemon may send more */
#define FIELDS 7u

struct reader {
	struct listing *listing;
	size_t endpoints, addresses; /* fields that are read */
	bool begun, ended;
};

/* --- lines ------------------------------------------------------------------------------------ */

/* Returns false if such a line is not allowed there. */

static bool read_head(struct reader *reader, char **fields)
{
	reader->listing->reset_error = fields[4];
	reader->listing->fleet_error = fields[5];
	reader->begun = true;
	reader->listing->settled = strcmp(fields[2], "true") == 0;
	reader->listing->isolated = strcmp(fields[3], "true") == 0;
	return true;
}

static bool read_door(struct reader *reader, char **fields)
{
	struct listing *listing = reader->listing;

	listing->doors[listing->door_count++] = (struct listing_door){ .cgroup = fields[1],
		                                                       .state = fields[2],
		                                                       .reason = fields[3] };
	return true;
}

static bool read_record(struct reader *reader, char **fields)
{
	struct listing *listing = reader->listing;

	listing->records[listing->record_count++] =
	        (struct listing_record){ .name = fields[1],
		                         .active = fields[2],
		                         .answer = fields[3],
		                         .since = (time_t)strtoll(fields[4], NULL, 10),
		                         .all_down = fields[5],
		                         .reason = fields[6],
		                         .endpoints = listing->endpoints + reader->endpoints };
	return true;
}

static bool read_endpoint(struct reader *reader, char **fields)
{
	struct listing *listing = reader->listing;

	if (listing->record_count == 0)
		return false;
	listing->records[listing->record_count - 1].endpoint_count++;
	listing->endpoints[reader->endpoints++] =
	        (struct listing_endpoint){ .id = fields[1],
		                           .health = fields[2],
		                           .check = fields[3],
		                           .error = fields[4],
		                           .addresses = listing->addresses + reader->addresses };
	return true;
}

static bool read_address(struct reader *reader, char **fields)
{
	struct listing *listing = reader->listing;

	if (listing->record_count == 0 ||
	    listing->records[listing->record_count - 1].endpoint_count == 0)
		return false;
	listing->endpoints[reader->endpoints - 1].address_count++;
	listing->addresses[reader->addresses++] =
	        (struct listing_address){ .address = fields[1],
		                          .health = fields[2],
		                          .latency_ms = *fields[3] ? strtod(fields[3], NULL) : -1,
		                          .last_error = fields[4],
		                          .watch = fields[5] };
	return true;
}

static bool read_end(struct reader *reader, char **fields)
{
	(void)fields;
	reader->ended = true;
	return true;
}

enum { STATUS, DOOR, RECORD, ENDPOINT, ADDRESS, END, KINDS };

static const struct kind {
	const char *word;
	size_t fields;
	bool (*read)(struct reader *reader, char **fields);
} kinds[KINDS] = {
	[STATUS] = { "status", 4, read_head },      [DOOR] = { "door", 4, read_door },
	[RECORD] = { "record", 7, read_record },    [ENDPOINT] = { "endpoint", 5, read_endpoint },
	[ADDRESS] = { "address", 5, read_address }, [END] = { "end", 1, read_end }
};

static bool is_word(const char *word, const char *text, size_t length)
{
	return *word == *text && strncmp(word, text, length) == 0 && !word[length];
}

/* The kind of the line that starts there; KINDS: unknown, as from a newer daemon. */
static size_t kind_of(const char *line)
{
	size_t length = strcspn(line, "\t\n"), i = 0;

	while (i < KINDS && !is_word(kinds[i].word, line, length))
		i++;
	return i;
}

/*
 * Splits the line into its fields and makes them printable; those that an older daemon does not send
 * are empty. Returns the number of fields kept, and
 * in `*rest` what follows the line.
 */
static size_t split(char *line, char *fields[FIELDS], char **rest)
{
	size_t count = 1;
	char *c;

	fields[0] = line;
	for (c = line;; c++) {
		while (*c >= ' ' && *c <= '~')
			c++;
		if (*c == '\n' || *c == '\0')
			break;
		if (*c != '\t') {
			*c = '?';
			continue;
		}
		*c = '\0';
		if (count < FIELDS)
			fields[count++] = c + 1;
	}
	*rest = *c ? c + 1 : c;
	*c = '\0';
	for (size_t i = count; i < FIELDS; i++)
		fields[i] = c;
	return count;
}

static bool read_line(struct reader *reader, char *line, char **rest)
{
	size_t kind = kind_of(line);
	char *fields[FIELDS];
	size_t count = split(line, fields, rest);

	if (!reader->begun && kind != STATUS)
		return false;
	if (kind == KINDS)
		return true;
	return count >= kinds[kind].fields && kinds[kind].read(reader, fields);
}

/*
 * --- the listing --------------------------------------------------------------------------------
 */

/*
 * Allocates room for as many items as there are lines of each kind. The first letter identifies
 * every kind but the last line's.
 */
static bool make_room(struct listing *listing)
{
	size_t counts[UCHAR_MAX + 1] = { 0 };

	for (const char *line = listing->text, *end; (end = strchr(line, '\n')); line = end + 1)
		counts[(unsigned char)*line]++;
	listing->doors = calloc(counts['d'] + 1, sizeof(*listing->doors));
	listing->records = calloc(counts['r'] + 1, sizeof(*listing->records));
	listing->endpoints = calloc(counts['e'] + 1, sizeof(*listing->endpoints));
	listing->addresses = calloc(counts['a'] + 1, sizeof(*listing->addresses));
	return listing->doors && listing->records && listing->endpoints && listing->addresses;
}

bool listing_read(struct listing *listing, char *text)
{
	struct reader reader = { .listing = listing };
	bool good;

	*listing = (struct listing){ .text = text };
	good = make_room(listing);
	while (good && *text && !reader.ended)
		good = strchr(text, '\n') && read_line(&reader, text, &text);
	if (good && reader.ended)
		return true;
	listing_free(listing);
	return false;
}

void listing_free(struct listing *listing)
{
	free(listing->doors);
	free(listing->records);
	free(listing->endpoints);
	free(listing->addresses);
	free(listing->text);
	*listing = (struct listing){ 0 };
}
