/* `shunt run -c`, which started a private daemon and waits for one byte over --ready-fd. */
#ifndef SHUNT_SERVER_STARTER_H
#define SHUNT_SERVER_STARTER_H

struct cmdline;

/* The table is settled: the starter goes on, and the terminal belongs to COMMAND, so nothing is logged there from now on. */
void starter_ready(struct cmdline *options);

/* The daemon cannot start, and standard error says why. Both do nothing where no process waits, or after either was called. */
void starter_failed(struct cmdline *options);

#endif
