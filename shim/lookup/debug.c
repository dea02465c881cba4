#include "lookup/debug.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "attach/attach.h"
#include "core/format.h"
#include "core/settings.h"
#include "lookup/force.h"

/*
 * A full answer: 16 addresses of 46 characters, and the names. Well below PIPE_BUF, so the line is
 * written atomically.
 */
#define LINE_SIZE 1400

struct line {
	char text[LINE_SIZE];
	size_t length;
};

/* Text from the program: what is not printable ASCII is replaced by '?'. */
static void append(struct line *line, const char *text)
{
	for (; *text && line->length < LINE_SIZE - 1; text++)
		line->text[line->length++] = *text >= ' ' && *text <= '~' ? *text : '?';
}

static void append_address(struct line *line, int family, const void *address)
{
	struct shunt_address copy = { .family = family == AF_INET ? SHUNT_FAMILY_IPV4
		                                                  : SHUNT_FAMILY_IPV6 };
	char text[FORMAT_TEXT_MAX];

	memcpy(copy.word, address, family == AF_INET ? 4 : 16);
	append(line, " ");
	append(line, format_address(&copy, text));
}

static const void *address_of(const struct addrinfo *node)
{
	return node->ai_family == AF_INET
	               ? (const void *)&((const struct sockaddr_in *)node->ai_addr)->sin_addr
	               : &((const struct sockaddr_in6 *)node->ai_addr)->sin6_addr;
}

/* An address has a node for each socket type. */
static bool is_repeated(const struct addrinfo *node, const struct addrinfo *before)
{
	return before && before->ai_family == node->ai_family &&
	       memcmp(address_of(before), address_of(node), node->ai_family == AF_INET ? 4 : 16) ==
	               0;
}

static void write_line(const struct line *line)
{
	struct pollfd pollfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&pollfd, 1, 0) == 1 && pollfd.revents == POLLOUT &&
	    write(STDERR_FILENO, line->text, line->length) < 0)
		return;
}

static void report_entry(const char *entry, size_t length, const char *trouble)
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

/*
 * Once per process: the ignored entries of SHUNT_FORCE, one per line. `table` may be NULL: not
 * known yet.
 */
static void report_ignored(const void *table, const char *list)
{
	static atomic_flag reported = ATOMIC_FLAG_INIT;

	if (!table || atomic_flag_test_and_set(&reported))
		return;
	for (size_t length; *list; list += length + (list[length] == ',')) {
		const char *trouble;

		length = strcspn(list, ",");
		trouble = force_trouble(table, list, length);
		if (trouble)
			report_entry(list, length, trouble);
	}
}

static void begin(struct line *line, const char *name)
{
	if (settings_flags() & SETTINGS_FORCED)
		report_ignored(attach_mapped(), settings_force());
	line->length = 0;
	append(line, "shunt: ");
	append(line, name);
	append(line, ":");
}

static void end(struct line *line, bool forced)
{
	if (forced)
		append(line, " (forced)");
	line->text[line->length++] = '\n';
	write_line(line);
}

/* Written atomically, without an address. */
static void say(const char *name, const char *outcome, bool forced)
{
	int saved = errno;
	struct line line;

	begin(&line, name);
	append(&line, outcome);
	end(&line, forced);
	errno = saved;
}

void debug_passed(const char *name)
{
	say(name, " passed on", false);
}

static const char *words_of(int error)
{
	switch (error) {
	case EAI_AGAIN: return " temporary failure";
	case EAI_NONAME:
	case EAI_ADDRFAMILY: return " no address of this family";
	case EAI_MEMORY: return " out of memory";
	/* the error of libc for service, flags, types */
	default: return " refused, wrong arguments";
	}
}

void debug_addrinfo(const char *name, bool forced, int error, const struct addrinfo *list)
{
	const struct addrinfo *before = NULL;
	int saved = errno;
	struct line line;

	if (error) {
		say(name, words_of(error), forced);
		return;
	}
	begin(&line, name);
	for (; list; before = list, list = list->ai_next)
		if (!is_repeated(list, before))
			append_address(&line, list->ai_family, address_of(list));
	end(&line, forced);
	errno = saved;
}

void debug_hostent(const char *name, bool forced, const struct hostent *host, int h_error)
{
	int saved = errno;
	struct line line;

	if (!host) {
		say(name,
		    h_error == TRY_AGAIN        ? " temporary failure"
		    : h_error == NETDB_INTERNAL ? " buffer too small"
		                                : " no address of this family",
		    forced);
		return;
	}
	begin(&line, name);
	for (char **address = host->h_addr_list; *address; address++)
		append_address(&line, host->h_addrtype, *address);
	end(&line, forced);
	errno = saved;
}

void debug_answer(const char *name, const struct table_answer *answer)
{
	int saved = errno;
	struct line line;

	begin(&line, name);
	for (uint32_t i = 0; i < answer->count; i++)
		append_address(&line,
		               answer->addresses[i].family == SHUNT_FAMILY_IPV4 ? AF_INET
		                                                                : AF_INET6,
		               answer->addresses[i].word);
	end(&line, answer->forced);
	errno = saved;
}

void debug_connect(const char *name, const struct shunt_address *to,
                   const struct shunt_address *from)
{
	char text[FORMAT_TEXT_MAX];
	int saved = errno;
	struct line line;

	begin(&line, name);
	append(&line, " connects to ");
	append(&line, format_address(to, text));
	append(&line, " instead of ");
	append(&line, format_address(from, text));
	end(&line, false);
	errno = saved;
}
