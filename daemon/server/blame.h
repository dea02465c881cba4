/* Reports why the daemon cannot start, in one line with the cure. Called by server. */
#ifndef SHUNT_SERVER_BLAME_H
#define SHUNT_SERVER_BLAME_H

/*
 * Writes FILE:LINE: SETTING: the problem; the cure to standard error. `line` is 0 for a default,
 * which has no line in the file.
 */
void blame_setting(const char *file, unsigned line, const char *setting, const char *error);

#endif
