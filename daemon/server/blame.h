/* What keeps the daemon from starting, in one line with the cure. server calls this. */
#ifndef SHUNT_SERVER_BLAME_H
#define SHUNT_SERVER_BLAME_H

/* FILE:LINE: SETTING: what is wrong; the cure, on standard error. `line` is 0 for a default, which has no line in the file. */
void blame_setting(const char *file, unsigned line, const char *setting, const char *error);

/* "; raise the limit of …" where such an errno may come from a resource limit, else "". */
const char *blame_limit(int error);

#endif
