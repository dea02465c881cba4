/* The running daemon: the order in which its parts start and stop. Policy is elsewhere. */
#ifndef SHUNT_SERVER_SERVER_H
#define SHUNT_SERVER_SERVER_H

struct cmdline;
struct config;

/*
 * Starts, runs until a signal ends it, and stops; takes the configuration over. Returns the exit status: 0, or 1 with an error on
 * standard error where it cannot start.
 */
int server_run(struct cmdline *options, struct config *config);

#endif
