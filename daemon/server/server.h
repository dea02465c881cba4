/* The running daemon: the order in which its parts start and stop. It makes no other decisions. */
#ifndef SHUNT_SERVER_SERVER_H
#define SHUNT_SERVER_SERVER_H

struct cmdline;
struct config;

/*
 * Starts the daemon, runs until a signal ends it, and stops it; takes ownership of the
 * configuration. Returns the exit status: 0, or 1 with an error on standard error if the daemon
 * cannot start.
 */
int server_run(struct cmdline *options, struct config *config);

#endif
