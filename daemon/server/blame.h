/* One line about a setting that turns out wrong only at start: FILE:LINE: SETTING: what is wrong; the cure. */
#ifndef SHUNT_SERVER_BLAME_H
#define SHUNT_SERVER_BLAME_H

/* On standard error. `line` is 0 for a default, which has no line in the file. */
void blame_setting(const char *file, unsigned line, const char *setting, const char *error);

#endif
