/*
 * Reports to `shunt run -c`, which started a private daemon and waits for one byte over --ready-fd.
 */
#ifndef SHUNT_SERVER_STARTER_H
#define SHUNT_SERVER_STARTER_H

struct cmdline;

/*
 * The table has settled: the starter continues, and the terminal belongs to COMMAND, so nothing is
 * logged to it from now on.
 */
void starter_ready(struct cmdline *options);

/*
 * The daemon cannot start; the reason is on standard error. Both functions do nothing if no process
 * is waiting, or if either was called before.
 */
void starter_failed(struct cmdline *options);

#endif
