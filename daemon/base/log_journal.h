/*
 * The journal's native protocol: a line is one datagram, with fields in addition to its text. See
 * journald's "Native Journal Protocol".
 *
 * Used only by log. A new socket is opened for each line, so any thread may call this, no
 * descriptor is kept, and a restarted journal is found.
 */
#ifndef SHUNT_BASE_LOG_JOURNAL_H
#define SHUNT_BASE_LOG_JOURNAL_H

#include <stdbool.h>

/*
 * A property of the line, with the name of the journal's field; a value of NULL or "" is omitted.
 */
struct log_field {
	const char *name;
	const char *value;
};

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/*
 * Whether JOURNAL_STREAM refers to our standard error. The variable is inherited by all processes
 * started by a service, including a desktop's terminals, so its presence alone proves nothing.
 */
bool log_journal_is_stderr(void);

/*
 * `priority` as in syslog(3); `fields` may be NULL. Data beyond the size of a datagram is
 * truncated. Returns false with errno if the journal did not accept it immediately.
 */
bool log_journal_send(const char *path, int priority, const char *text,
                      const struct log_field *fields);

#endif
