/*
 * The text that libconfig parses, put together from files, and the way back from its lines to files and lines. config_scan() writes
 * it; the readers ask for places.
 */
#ifndef SHUNT_CONFIG_TEXT_H
#define SHUNT_CONFIG_TEXT_H

#include <stddef.h>

struct arena;
struct config_text;

struct config_place {
	/* As written, an included one below the configuration's folder. It lives as long as the text. */
	const char *file;
	unsigned line;
};

struct config_text *config_text_new(void);
void config_text_free(struct config_text *text);

/* For what must live as long as the text: the names of files. */
struct arena *config_text_arena(struct config_text *text);

void config_text_put(struct config_text *text, const char *bytes, size_t length);
/* The line that is being written is `place`; the lines after it are counted up from there. */
void config_text_mark(struct config_text *text, struct config_place place);
size_t config_text_length(const struct config_text *text);

/* For config_read_string(); NULL after config_text_drop(), which keeps only what config_text_place() needs. */
const char *config_text_data(const struct config_text *text);
void config_text_drop(struct config_text *text);

/* Where line `line` of the data came from. */
struct config_place config_text_place(const struct config_text *text, unsigned line);

#endif
