/* The stack that the daemon needs, whatever limit it was started with or is given later. */
#ifndef SHUNT_PROCESS_STACK_H
#define SHUNT_PROCESS_STACK_H

#define STACK_LIMIT_KIB                                                                            \
	512                /* arguments and environment, which may take 128, are in the stack too */
#define STACK_KEPT_KIB 128 /* the most that was seen used is 40 */

/*
 * Raises the soft limit of the stack to STACK_LIMIT_KIB if it is lower, and touches STACK_KEPT_KIB
 * of it: memory that exists stays, so a limit set while the daemon runs cannot end it with a
 * signal. If the hard limit does not permit that: one line, and exit. Called first, since
 * everything else needs more stack.
 */
void stack_keep(void);

#endif
