#include "lookup/debug.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "core/format.h"
#include "lookup/force.h"

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

void debug_lookup(const char *name, const char *outcome, const struct table_answer *answer)
{
	struct line line = { .length = 0 };
	int saved = errno;

	append(&line, "shunt: ");
	append(&line, name);
	append(&line, ":");
	if (outcome)
		append(&line, outcome);
	else
		append_answer(&line, answer);
	if (answer && answer->forced)
		append(&line, " (forced)");
	line.text[line.length++] = '\n';
	write_line(&line);
	errno = saved;
}

static void tell_entry(const char *entry, size_t length, const char *trouble)
{
	struct line line = { .length = 0 };
	char text[SHUNT_NAME_MAX + SHUNT_ID_MAX + 2] = "";

	memcpy(text, entry, length < sizeof(text) ? length : sizeof(text) - 1);
	append(&line, "shunt: SHUNT_FORCE: ");
	append(&line, text);
	append(&line, ": ignored, ");
	append(&line, trouble);
	line.text[line.length++] = '\n';
	write_line(&line);
}

void debug_force(const void *table, const char *list)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;
	int saved = errno;

	if (!table || atomic_flag_test_and_set(&told))
		return;
	for (size_t length; *list; list += length + (list[length] == ',')) {
		const char *trouble;

		length = strcspn(list, ",");
		trouble = force_trouble(table, list, length);
		if (trouble)
			tell_entry(list, length, trouble);
	}
	errno = saved;
}
