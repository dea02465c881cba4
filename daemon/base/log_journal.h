/*
 * The journal's native protocol: a line is one datagram, with fields beside its text. See journald's "Native Journal Protocol".
 *
 * For the log alone. Each line has a socket of its own, so any thread may call, no descriptor is kept, and a journal that was started
 * again meanwhile is found.
 */
#ifndef SHUNT_BASE_LOG_JOURNAL_H
#define SHUNT_BASE_LOG_JOURNAL_H

#include <stdbool.h>

/* What a line is about, by the name of the journal's field; a value of NULL or "" does not apply. */
struct log_field {
	const char *name;
	const char *value;
};

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/*
 * Whether JOURNAL_STREAM names our standard error. The variable is inherited by whatever a service starts, a desktop's terminals too,
 * so that its being there alone says nothing.
 */
bool log_journal_is_stderr(void);

/*
 * `priority` as in syslog(3); `fields` may be NULL. What is longer than a datagram is cut. False with errno: the journal did not take it
 * at once.
 */
bool log_journal_send(const char *path, int priority, const char *text,
                      const struct log_field *fields);

#endif
