#include "debug.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "format.h"

/* A full answer: 16 addresses of 46 characters, and the names. Well below PIPE_BUF, so the line
 * comes in one piece. */
#define LINE_SIZE 1400

struct line {
	char text[LINE_SIZE];
	size_t length;
};

/* Text of the program's own: what is not printable ASCII becomes '?'. */
static void append(struct line *line, const char *text)
{
	for (; *text && line->length < LINE_SIZE - 1; text++)
		line->text[line->length++] = *text >= ' ' && *text <= '~' ? *text : '?';
}

static void append_answer(struct line *line, const struct table_answer *answer)
{
	char text[FORMAT_TEXT_MAX];

	for (uint32_t i = 0; i < answer->count; i++) {
		append(line, " ");
		append(line, format_address(&answer->addresses[i], text));
	}
}

static void write_line(const struct line *line)
{
	struct pollfd pollfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&pollfd, 1, 0) == 1 && pollfd.revents == POLLOUT &&
	    write(STDERR_FILENO, line->text, line->length) < 0)
		return;
}

void debug_lookup(const char *name, enum lookup_result result, const struct table_answer *answer)
{
	struct line line = { .length = 0 };
	int saved = errno;

	append(&line, "shunt: ");
	append(&line, name);
	append(&line, ":");
	switch (result) {
	case LOOKUP_PASS: append(&line, " passed on"); break;
	case LOOKUP_FAIL: append(&line, " temporary failure"); break;
	case LOOKUP_FOUND: append_answer(&line, answer); break;
	}
	if (result != LOOKUP_PASS && answer->forced)
		append(&line, " (forced)");
	line.text[line.length++] = '\n';
	write_line(&line);
	errno = saved;
}
