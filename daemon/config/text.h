/*
 * The text that libconfig parses, assembled from files, and the mapping of its lines back to files
 * and lines. Written by config_scan(); the readers look up the places.
 */
#ifndef SHUNT_CONFIG_TEXT_H
#define SHUNT_CONFIG_TEXT_H

#include <stddef.h>

struct arena;
struct config_text;

struct config_place {
	/*
	 * As given; an included file is relative to the configuration's folder. Valid as long as
	 * the text.
	 */
	const char *file;
	unsigned line;
};

struct config_text *config_text_new(void);
void config_text_free(struct config_text *text);

/* The arena for data with the lifetime of the text: the names of files. */
struct arena *config_text_arena(struct config_text *text);

void config_text_put(struct config_text *text, const char *bytes, size_t length);
/* The current line comes from `place`; following lines are counted up from it. */
void config_text_mark(struct config_text *text, struct config_place place);
size_t config_text_length(const struct config_text *text);

/*
 * For config_read_string(); NULL after config_text_drop(), which keeps only the data for
 * config_text_place().
 */
const char *config_text_data(const struct config_text *text);
void config_text_drop(struct config_text *text);

/* Number of segments, and one of them: from line `*line` of the text on, lines come from `*place`. */
size_t config_text_segments(const struct config_text *text);
struct config_place config_text_segment(const struct config_text *text, size_t index,
                                        unsigned *line);
/* Appends such a segment to a text without data. `place` must live as long as the text. */
void config_text_add_segment(struct config_text *text, unsigned line, struct config_place place);

/* The place that line `line` of the text came from. */
struct config_place config_text_place(const struct config_text *text, unsigned line);

#endif
